"""``relay init``: from a few answers to what a server is started with, by systemd or in containers.

- ``command``   the command line, from the options to the exit status
- ``asking``    a flag, a person or a default answers each question
- ``answers``   what was answered, and the settings that this comes to
- ``shipped``   the files of ``scripts/deploy``, in a checkout or installed
- ``files``     the texts of the files that are written
- ``placing``   where they go, without losing what somebody has changed
- ``advice``    what is to be typed next: firewall, certificate, start
"""

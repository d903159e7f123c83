"""Fakes and the like that several tests share."""

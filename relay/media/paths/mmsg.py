"""``recvmmsg`` and ``sendmmsg`` (Linux), and their structures, through cffi to libc."""

from typing import Any

from cffi import FFI

ffi: Any = FFI()
ffi.cdef("""
struct iovec { void *iov_base; size_t iov_len; };
struct msghdr {
    void *msg_name; unsigned int msg_namelen;
    struct iovec *msg_iov; size_t msg_iovlen;
    void *msg_control; size_t msg_controllen; int msg_flags;
};
struct mmsghdr { struct msghdr msg_hdr; unsigned int msg_len; };
int recvmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags, void *timeout);
int sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags);
""")

LENGTH_STRIDE = ffi.sizeof("struct mmsghdr") // 4
"""From one message's length to the next one's, in words of four bytes."""
LENGTH_AT = ffi.offsetof("struct mmsghdr", "msg_len") // 4

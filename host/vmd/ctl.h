/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ctl.h - what vmctl and vmd say to each other
 *
 * One connection carries one request: a frame (host/base/frame.h) of a type below, whose body is a
 * struct ctl_wire, then the key, a NUL, and the value to the end.  The answer is one frame, or several
 * for CTL_VSOCK_LISTEN: CTL_OK with JSON, CTL_ERROR with {"error": text, "code": exit status of vmctl}.
 * After the CTL_OK of CTL_CONSOLE the connection is the console's byte stream, after that of CTL_RECORD
 * lines of transcript(5).  CTL_VSOCK_* answers carry a
 * descriptor: the stream to the guest.  Hanging up ends what was asked, as far as it can be ended.
 */
#ifndef VMTKIT_HOST_VMD_CTL_H
#define VMTKIT_HOST_VMD_CTL_H

#include <stddef.h>
#include <stdint.h>

#include "host/vmm/spec.h"

#define CTL_REQUEST_MAX		(128u << 10)	/* bytes of a request's body */
#define CTL_REPLY_MAX		(4u << 20)
#define CTL_SOCKET_ROOT		"/run/vmd.sock"
#define CTL_SOCKET_USER		"vmtkit/vmd.sock"	/* below XDG_RUNTIME_DIR */
#define CTL_SOCKET_ENV		"VMD_SOCK"

/* Requests; which fields count is said beside each.  All but CTL_STATUS need a name. */
enum ctl_type {
	CTL_STATUS = 1,		/* name or "": all */
	CTL_START,		/* timeout_ms; answered when the VM is up */
	CTL_STOP,		/* flags CTL_FORCE; answered when the guest was asked */
	CTL_WAIT,		/* number: enum ctl_wait; timeout_ms */
	CTL_GUEST,
	CTL_VAR_GET,		/* key */
	CTL_VAR_SET,		/* key, value; flags CTL_READONLY */
	CTL_VAR_UNSET,		/* key */
	CTL_VAR_LIST,
	CTL_SEND,		/* value: the TCLO command; timeout_ms */
	CTL_POWER,		/* number: enum ctl_power; timeout_ms */
	CTL_VSOCK_CONNECT,	/* number: port */
	CTL_VSOCK_LISTEN,	/* number: port; flags CTL_KEEP */
	CTL_CONSOLE,
	CTL_RESET,
	CTL_PAUSE,
	CTL_UNPAUSE,
	CTL_FAULT_SHOW,
	CTL_FAULT_SET,		/* value: a line, as host/model/fault.h has it */
	CTL_FAULT_CLEAR,	/* key: name of a fault; "": all */
	CTL_RECORD,
	CTL_REQUEST_END,
	/* answers */
	CTL_OK = 0x100,
	CTL_ERROR,
};

#define CTL_FORCE	0x1
#define CTL_READONLY	0x2
#define CTL_KEEP	0x4
#define CTL_FLAGS	0x7

enum ctl_wait {
	CTL_WAIT_UP,		/* the machine runs */
	CTL_WAIT_TOOLS,		/* the agent answers */
	CTL_WAIT_IP,		/* the guest has told an address */
	CTL_WAIT_DOWN,
	CTL_WAIT_COUNT,
};

enum ctl_power {
	CTL_POWER_HALT,
	CTL_POWER_REBOOT,
	CTL_POWER_SUSPEND,
	CTL_POWER_RESUME,
	CTL_POWER_COUNT,
};

/* Exit status of vmctl, and "code" of an error. */
enum ctl_code {
	CTL_CODE_OK,
	CTL_CODE_FAILED,
	CTL_CODE_USAGE,
	CTL_CODE_NO_VM,
	CTL_CODE_TIMEOUT,
	CTL_CODE_NO_DAEMON,
	CTL_CODE_DOWN,		/* the VM does not run, or ended meanwhile */
	CTL_CODE_DENIED,
	CTL_CODE_NO_TOOLS,	/* no agent in the guest */
};

#define CTL_WIRE_NAME	64

/* The head of a request's body, little-endian. */
struct ctl_wire {
	char name[CTL_WIRE_NAME];	/* NUL-terminated */
	uint32_t flags;
	uint32_t timeout_ms;		/* 0: no limit */
	uint32_t number;
} __attribute__((packed));

_Static_assert(sizeof(struct ctl_wire) == 76, "ctl_wire is 76 bytes");
_Static_assert(VM_NAME_MAX < CTL_WIRE_NAME, "a VM's name fits a request");

struct ctl_request {
	enum ctl_type type;
	char name[CTL_WIRE_NAME];
	uint32_t flags;
	uint32_t timeout_ms;
	uint32_t number;
	const char *key;	/* NUL-terminated; points into the body */
	const char *value;	/* value_len bytes, then a NUL */
	size_t value_len;
};

/*
 * ctl_request_parse - check a request
 * @body: len bytes and one NUL after them, as struct frame has it
 *
 * Returns 0, -EPROTO (no such request) or -EINVAL (fields out of range).
 */
int ctl_request_parse(uint32_t type, const char *body, size_t len, struct ctl_request *ret);

/*
 * ctl_request_body - the body of a request
 * @ret_len: its length
 *
 * Returns a buffer to be freed; NULL when memory is short or the parts are too long.
 */
char *ctl_request_body(const struct ctl_request *req, size_t *ret_len);

/*
 * ctl_socket_default - the control socket when none is named
 * @env: whether VMD_SOCK counts
 *
 * Returns 0, or -ENOENT: not root, and XDG_RUNTIME_DIR is not set; or -ENAMETOOLONG.
 */
int ctl_socket_default(int env, char *ret, size_t size);

#endif /* VMTKIT_HOST_VMD_CTL_H */

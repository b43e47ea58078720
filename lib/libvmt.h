/* SPDX-License-Identifier: MIT */
/*
 * libvmt.h - talk to the VMware host of this virtual machine
 *
 * Reading a variable that the host set for this machine:
 *
 *	g_autoptr(GError) error = NULL;
 *	g_autoptr(VmtChannel) ch = vmt_channel_open(VMT_PROTO_RPCI, NULL, &error);
 *	g_autofree char *value = ch ? vmt_info_get(ch, "guestinfo.colour", NULL, &error) : NULL;
 *
 *	puts(value ? value : error->message);
 *
 * A VmtChannel or VmtTclo belongs to one thread at a time.  No function here writes to a log or to
 * standard error, and none ends the process.
 */
#ifndef LIBVMT_H
#define LIBVMT_H

#include <glib.h>

G_BEGIN_DECLS

/**
 * VMT_ERROR:
 *
 * Error domain of all functions of this library.
 */
#define VMT_ERROR (vmt_error_quark())

/**
 * VmtError:
 * @VMT_ERROR_NOT_VMWARE: no VMware hypervisor, or one without message channels
 * @VMT_ERROR_ACCESS: the device is there, but this user may not use it
 * @VMT_ERROR_BUSY: another program owns the TCLO channel
 * @VMT_ERROR_CLOSED: the channel was lost (a restored or moved machine does that) and could not be
 *   opened again
 * @VMT_ERROR_TIMEOUT: the host took the request and gave no answer in time
 * @VMT_ERROR_TOO_BIG: a message of more than 64 KiB
 * @VMT_ERROR_REFUSED: the host answered "no"; the message of the error is the text of the host
 * @VMT_ERROR_PROTOCOL: the host answered something that is no answer
 * @VMT_ERROR_INVALID: a wrong argument
 * @VMT_ERROR_IO: anything else that the operating system reported
 */
typedef enum {
	VMT_ERROR_NOT_VMWARE,
	VMT_ERROR_ACCESS,
	VMT_ERROR_BUSY,
	VMT_ERROR_CLOSED,
	VMT_ERROR_TIMEOUT,
	VMT_ERROR_TOO_BIG,
	VMT_ERROR_REFUSED,
	VMT_ERROR_PROTOCOL,
	VMT_ERROR_INVALID,
	VMT_ERROR_IO,
} VmtError;

GQuark vmt_error_quark(void);

/**
 * vmt_version:
 *
 * Returns: the version of the library, as "0.1.0"; static.
 */
const char *vmt_version(void);

/* ---- The host ---- */

/**
 * VmtCall:
 * @VMT_CALL_NONE: no hypervisor answered
 * @VMT_CALL_BY_PORT: `in` from port 0x5658
 * @VMT_CALL_BY_VMCALL: Intel's hypercall
 * @VMT_CALL_BY_VMMCALL: AMD's hypercall
 *
 * The instruction that reaches the hypervisor.
 */
typedef enum {
	VMT_CALL_NONE,
	VMT_CALL_BY_PORT,
	VMT_CALL_BY_VMCALL,
	VMT_CALL_BY_VMMCALL,
} VmtCall;

/**
 * VmtHost:
 * @version: what the host says its backdoor's version is; 6 everywhere today
 * @product: 1 Express, 2 ESX, 3 Server, 4 Workstation, 0 not told
 * @call: the instruction that reaches it
 * @vendor: the hypervisor's name in CPUID, "" if it has none
 */
typedef struct {
	guint version;
	guint product;
	VmtCall call;
	char vendor[13];
} VmtHost;

/**
 * vmt_host_detect:
 * @ret_host: (out) (optional): what was found
 * @error: return location for %VMT_ERROR_NOT_VMWARE
 *
 * Finds out once per process whether a VMware hypervisor answers to ordinary programs.  The first
 * call sets handlers for SIGSEGV and SIGILL for a moment, because where there is no such hypervisor
 * the processor refuses the instruction.  Needs no right.  Safe in any thread.
 *
 * Returns: %TRUE if it does
 */
gboolean vmt_host_detect(VmtHost *ret_host, GError **error);

/**
 * vmt_product_name:
 * @product: the field of #VmtHost
 *
 * Returns: "ESX Server", "Workstation" or "Unknown"; static
 */
const char *vmt_product_name(guint product);

/**
 * VmtTime:
 * @unix_us: time of the host, in microseconds since 1970, UTC
 * @max_lag_us: how far the guest may be behind before it is to be corrected, in microseconds
 * @interrupt_lag_us: how much time the guest has yet to be told of by late timer interrupts
 */
typedef struct {
	gint64 unix_us;
	gint64 max_lag_us;
	gint64 interrupt_lag_us;
} VmtTime;

/**
 * vmt_host_time:
 * @ret_time: (out): the time of the host
 * @error: return location for %VMT_ERROR_NOT_VMWARE or %VMT_ERROR_PROTOCOL
 *
 * Asks for the time with the best command that the host knows.
 *
 * Returns: %TRUE and @ret_time, or %FALSE and @error
 */
gboolean vmt_host_time(VmtTime *ret_time, GError **error);

/**
 * vmt_host_speed_mhz:
 * @error: return location for an error
 *
 * Returns: the speed of the processor as the host tells it, in MHz; 0 with @error set
 */
guint vmt_host_speed_mhz(GError **error);

/**
 * vmt_host_keeps_clock:
 * @ret_keeps: (out): whether the host wants the clock of this machine corrected regularly
 * @error: return location for an error
 *
 * Returns: %TRUE and @ret_keeps, or %FALSE and @error
 */
gboolean vmt_host_keeps_clock(gboolean *ret_keeps, GError **error);

/**
 * VMT_DEVICES_MAX:
 *
 * Devices that a host can let its guest connect are numbered from 0 and below this.
 */
#define VMT_DEVICES_MAX 50

/**
 * VmtDevice:
 * @id: what the host calls it
 * @enabled: whether it is connected
 * @name: what people call it, as "ide1:0"; printable
 */
typedef struct {
	guint id;
	gboolean enabled;
	char name[41];
} VmtDevice;

/**
 * vmt_host_device:
 * @index: a number below %VMT_DEVICES_MAX
 * @ret_device: (out): the device
 *
 * Returns: %TRUE if there is one; there may be more behind a number that has none
 */
gboolean vmt_host_device(guint index, VmtDevice *ret_device);

/**
 * vmt_host_device_connect:
 * @device: as vmt_host_device() told it
 * @connect: whether to connect or to disconnect it
 * @error: return location for %VMT_ERROR_NOT_VMWARE or %VMT_ERROR_REFUSED
 *
 * Returns: %TRUE if the host did
 */
gboolean vmt_host_device_connect(const VmtDevice *device, gboolean connect, GError **error);

/* ---- Channels ---- */

/**
 * VmtProto:
 * @VMT_PROTO_RPCI: we ask, the host answers
 * @VMT_PROTO_TCLO: the host asks, we answer; one user at a time in a machine
 */
typedef enum {
	VMT_PROTO_RPCI,
	VMT_PROTO_TCLO,
} VmtProto;

typedef struct _VmtChannel VmtChannel;

/**
 * vmt_channel_open:
 * @proto: which protocol
 * @transport: (nullable): "vmt" for the driver's /dev/vmt, "direct" for the hypervisor itself,
 *   "fake:PATH" or "fake-poll:PATH" for a UNIX socket that plays the host in tests (the second is
 *   polled as "direct" is), or %NULL for the value of $VMT_CHANNEL, if there is one, else for what
 *   works here: /dev/vmt when it is there and permitted, else direct
 * @error: return location for an error
 *
 * For TCLO a driver that is there is never passed by, because the host has one TCLO channel only:
 * without the right to it the error is %VMT_ERROR_ACCESS, while it has an owner %VMT_ERROR_BUSY.
 *
 * Returns: (transfer full): a channel, or %NULL and @error
 */
VmtChannel *vmt_channel_open(VmtProto proto, const char *transport, GError **error);

/**
 * vmt_channel_free:
 * @channel: (nullable): a channel; closed and freed
 */
void vmt_channel_free(VmtChannel *channel);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmtChannel, vmt_channel_free)

/**
 * vmt_channel_transport:
 * @channel: a channel
 *
 * Returns: "vmt", "direct" or "fake"; static
 */
const char *vmt_channel_transport(VmtChannel *channel);

/**
 * vmt_channel_call:
 * @channel: an RPCI channel
 * @request: the request, of any bytes
 * @len: its length in bytes, at most 65536
 * @ret_len: (out) (optional): length of the answer in bytes; set also when the host refuses
 * @error: return location; %VMT_ERROR_REFUSED carries the text of the host
 *
 * Sends a request and waits for its answer.  A lost channel is opened again and the request sent
 * once more.  May block for as long as the host takes, two seconds at most.
 *
 * Returns: (transfer full): the answer without the "1 " in front, with a NUL behind it; or %NULL
 */
char *vmt_channel_call(VmtChannel *channel, const void *request, gsize len, gsize *ret_len,
		       GError **error);

/**
 * vmt_channel_callf:
 * @channel: an RPCI channel
 * @error: return location
 * @format: printf() format of a request that is text
 *
 * As vmt_channel_call(), for a caller who wants to know only whether the host agreed.
 *
 * Returns: %TRUE if it did
 */
gboolean vmt_channel_callf(VmtChannel *channel, GError **error, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

/* ---- Variables ---- */

/**
 * vmt_info_get:
 * @channel: an RPCI channel
 * @name: name of the variable; "guestinfo." is put before it unless it is there
 * @ret_len: (out) (optional): length of the value in bytes
 * @error: return location; %VMT_ERROR_REFUSED with "No value found" if there is no such variable
 *
 * Returns: (transfer full): the value, with a NUL behind it, or %NULL and @error
 */
char *vmt_info_get(VmtChannel *channel, const char *name, gsize *ret_len, GError **error);

/**
 * vmt_info_set:
 * @channel: an RPCI channel
 * @name: name of the variable, without spaces; "guestinfo." is put before it unless it is there
 * @value: the value; "" empties the variable
 * @error: return location
 *
 * Every program of the machine can read and write these variables unless the host forbids it: they
 * are no place for a secret.
 *
 * Returns: %TRUE if the host took it
 */
gboolean vmt_info_set(VmtChannel *channel, const char *name, const char *value, GError **error);

/* ---- TCLO: serving the host ---- */

typedef struct _VmtTclo VmtTclo;

/**
 * VmtTcloFuncs:
 * @command: a command of the host other than those the library answers itself ("reset", "ping").
 *   @name is its first word, @args what follows, with the space between them (so that "" is "no
 *   argument"); @args_len is its length in bytes, and a NUL is behind it.  Append the answer to
 *   @reply, "OK " or "ERROR " first.  Return %FALSE for a command that is not known
 * @reset: the host began anew and was answered: all that it was told before is to be told again
 * @lost: the channel is gone and cannot be had again within a minute of trying; @error says why.
 *   Nothing more happens until the #VmtTclo is freed
 * @contended: (nullable): with @on, the channel is lost again and again soon after it was opened, which
 *   is what a second server of TCLO in the machine looks like; it is opened again every half minute
 *   only.  Without @on, it has stayed for some seconds
 */
typedef struct {
	gboolean (*command)(VmtTclo *tclo, const char *name, const char *args, gsize args_len,
			    GString *reply, gpointer data);
	void (*reset)(VmtTclo *tclo, gpointer data);
	void (*lost)(VmtTclo *tclo, const GError *error, gpointer data);
	void (*contended)(VmtTclo *tclo, gboolean on, gpointer data);
} VmtTcloFuncs;

/**
 * vmt_tclo_new:
 * @app: name given to the host with "ATR"; "toolbox" is the one for system services
 * @transport: (nullable): as for vmt_channel_open()
 * @funcs: (transfer none): what to call; must stay valid
 * @data: handed to each of @funcs
 * @error: return location
 *
 * Opens the TCLO channel and serves it from the thread-default #GMainContext.  With a transport that
 * must be polled it polls every 10 to 100 ms for 30 seconds after a command and then up to once a
 * second; with /dev/vmt it waits and costs nothing.
 *
 * Returns: (transfer full): the server, or %NULL and @error
 */
VmtTclo *vmt_tclo_new(const char *app, const char *transport, const VmtTcloFuncs *funcs,
		      gpointer data, GError **error);

/**
 * vmt_tclo_free:
 * @tclo: (nullable): closed and freed.  Not from within one of its own functions
 */
void vmt_tclo_free(VmtTclo *tclo);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmtTclo, vmt_tclo_free)

/**
 * vmt_tclo_after_reply:
 * @tclo: a server, from within its command function
 * @func: what to call
 * @data: handed to @func
 *
 * Has @func called once the answer to the command in hand has gone to the host.  It is called too
 * when the channel was lost, or @tclo freed, before the answer left: what the host asked for is still
 * done.
 */
void vmt_tclo_after_reply(VmtTclo *tclo, void (*func)(gpointer data), gpointer data);

/**
 * VmtPower:
 * @VMT_POWER_OP_NONE: none
 * @VMT_POWER_OP_HALT: power off
 * @VMT_POWER_OP_REBOOT: reboot
 */
typedef enum {
	VMT_POWER_OP_NONE,
	VMT_POWER_OP_HALT,
	VMT_POWER_OP_REBOOT,
} VmtPower;

/**
 * vmt_tclo_declare_power:
 * @tclo: a server
 * @op: what is about to be done, or %VMT_POWER_OP_NONE to take it back
 *
 * Tells the driver, so that it does it in our place if this process dies on the way.  Does nothing
 * where there is no driver.
 *
 * Returns: %TRUE if a driver knows now
 */
gboolean vmt_tclo_declare_power(VmtTclo *tclo, VmtPower op);

/**
 * vmt_tclo_keep_clock_off:
 * @tclo: a server
 * @on: whether the driver shall leave the clock alone
 *
 * Tells the driver that the clock is in better hands, which a driver cannot see.  It holds until it is
 * taken back or the channel is closed, also when it is opened anew.  Does nothing where there is no
 * driver; needs CAP_SYS_TIME.
 *
 * Returns: %TRUE if a driver knows now
 */
gboolean vmt_tclo_keep_clock_off(VmtTclo *tclo, gboolean on);

/**
 * vmt_tclo_transport:
 * @tclo: a server
 *
 * Returns: "vmt", "direct" or "fake"; static
 */
const char *vmt_tclo_transport(VmtTclo *tclo);

G_END_DECLS

#endif /* LIBVMT_H */

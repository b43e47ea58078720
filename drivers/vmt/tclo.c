/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tclo.c - the channel on which the host asks: its thread and its owner
 *
 * Who has the channel:
 *
 *	           30 s after load, 10 s after an owner left
 *	  NOBODY ---------------------------------------------> SERVICE
 *	    ^  \                                                  |
 *	    |   '------------- a file takes it --------.          | a file takes it, after
 *	    | the file is closed                       v          v the message in hand
 *	    '---------------------------------------- OWNED <-----'
 *
 * In NOBODY the channel is closed; in SERVICE the driver answers (service.c); in OWNED the file
 * does.  CONTENDED is the name for SERVICE or OWNED while another program keeps taking the channel
 * away (pace.c): it is reported once, and the pauses before we open it again grow.  Every change of
 * hands closes the channel and opens it anew, so that the host begins with "reset"; but never while
 * a message is unanswered.  With service=0 and in a kdump kernel, NOBODY lasts.
 *
 * One message is in hand at a time (enum vmt_tclo_msg).  Writing its reply is its acknowledgement.
 * If the owner goes away before that, the driver answers: it carries the message out if it is one
 * of its own commands, else it says ERROR.  If the owner had declared a power operation and did not
 * take it back, the driver performs it.
 *
 * The thread alone touches the channel.  It sends the reply, or nothing, and asks for a message;
 * that polling is also the host's heartbeat.  It sleeps on a high-resolution timer with slack: a
 * deferrable timer has no bound in an idle guest.  Everybody else changes the state under
 * tclo->lock, sets kick and wakes it.
 */
#include <linux/device.h>
#include <linux/freezer.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/reboot.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "vmt.h"

#define SERVE_AFTER_LOAD_MS	30000
#define SERVE_AFTER_OWNER_MS	10000
#define FOREVER			U32_MAX
#define REBOOT_WAIT		HZ

static u64 now_ms(void)
{
	return ktime_to_ms(ktime_get());
}

static void tclo_kick_locked(struct vmt_tclo *t)
{
	WRITE_ONCE(t->kick, true);
	wake_up(&t->thread_wq);
}

/* ---- the thread: the channel ---- */

/* Tells the world whether the channel is open, and who fights for it. */
static void tclo_note_attached(struct vmt *vmt)
{
	struct vmt_tclo *t = &vmt->tclo;
	bool failing = vmt_reopen_contended(&t->re);

	mutex_lock(&t->lock);
	t->attached = t->ch.is_open;
	/* A host that never gave a channel is not contended: it may have none. */
	if (failing && !t->lost)
		dev_notice_once(vmt->dev, "the host gives no channel for its messages\n");
	if (failing && t->lost && !t->contended)
		dev_warn(vmt->dev,
			 "the host's message channel is taken away again and again: is another agent (vmtoolsd) running? Stop it, or unbind this device\n");
	t->contended = failing && t->lost;
	wake_up(&t->owner_wq);
	mutex_unlock(&t->lock);
}

static void tclo_close(struct vmt *vmt)
{
	vmt_channel_close(&vmt->tclo.ch);
	vmt_service_closed(vmt);
	tclo_note_attached(vmt);
}

/* The channel was lost, or could not be had. */
static void tclo_failed(struct vmt *vmt, bool was_open)
{
	struct vmt_tclo *t = &vmt->tclo;

	t->open_at_ms = now_ms() + vmt_reopen_failed(&t->re);
	mutex_lock(&t->lock);
	if (was_open)
		t->lost++;
	if (t->msg_state == TCLO_MSG_ANSWERED) {
		t->reply_err = -ECONNRESET;
		t->msg_state = TCLO_MSG_NONE;
		wake_up(&t->owner_wq);
	}
	mutex_unlock(&t->lock);
	t->served.id = VMT_CMD_BAD;
	vmt_service_closed(vmt);
	tclo_note_attached(vmt);
}

static int tclo_open(struct vmt *vmt)
{
	struct vmt_tclo *t = &vmt->tclo;
	int err;

	err = vmt_channel_open(&t->ch, BDOOR_MSG_PROTO_TCLO);
	if (err)
		return err;
	vmt_reopen_opened(&t->re, now_ms());
	vmt_pace_active(&t->pace, now_ms());
	tclo_note_attached(vmt);
	return 0;
}

/* Sends the reply in hand, if there is one, else the empty message that is a poll. */
static int tclo_send(struct vmt *vmt)
{
	struct vmt_tclo *t = &vmt->tclo;
	bool reply = t->msg_state == TCLO_MSG_ANSWERED;
	int err;

	err = vmt_channel_send(&t->ch, t->reply, reply ? t->reply_len : 0);
	if (err || !reply)
		return err;
	mutex_lock(&t->lock);
	t->reply_err = 0;
	t->msg_state = TCLO_MSG_NONE;
	wake_up(&t->owner_wq);
	mutex_unlock(&t->lock);
	if (t->served.id != VMT_CMD_BAD)
		vmt_service_replied(vmt, &t->served);
	t->served.id = VMT_CMD_BAD;
	return 0;
}

/* Lets the driver answer what is in the message buffer. */
static void tclo_serve(struct vmt *vmt)
{
	struct vmt_tclo *t = &vmt->tclo;
	u32 len;

	vmt_command_parse(t->msg, t->msg_len, &t->served);
	len = vmt_service_answer(vmt, &t->served, t->reply, VMT_MSG_MAX);
	mutex_lock(&t->lock);
	t->reply_len = len;
	t->msg_state = TCLO_MSG_ANSWERED;
	mutex_unlock(&t->lock);
}

/* A message has arrived: for the owner, or for us. */
static void tclo_arrived(struct vmt *vmt, u32 len)
{
	struct vmt_tclo *t = &vmt->tclo;
	struct vmt_command cmd;
	bool owned;

	vmt_command_parse(t->msg, len, &cmd);
	vmt_service_seen(vmt, &cmd);
	mutex_lock(&t->lock);
	t->messages++;
	t->msg_len = len;
	/*
	 * The owner may have left since we asked: then the message is an orphan already.  So is an
	 * empty one, which to a reader would look like the end of the file.
	 */
	owned = t->owner && !t->reopen && len;
	t->msg_state = owned ? TCLO_MSG_READY : TCLO_MSG_ORPHAN;
	if (owned)
		wake_up(&t->owner_wq);
	mutex_unlock(&t->lock);
}

/* One exchange with the host; returns ms until the next one. */
static u32 tclo_exchange(struct vmt *vmt)
{
	struct vmt_tclo *t = &vmt->tclo;
	u64 now = now_ms();
	u32 len;
	int n = 0;

	if (!t->ch.is_open) {
		if (now < t->open_at_ms)
			return t->open_at_ms - now;
		n = tclo_open(vmt);
	}
	if (!n)
		n = tclo_send(vmt);
	/* Somebody waits for the channel: the answer was the last thing to do on this one. */
	if (!n && READ_ONCE(t->reopen))
		return 0;
	if (!n)
		n = vmt_channel_recv(&t->ch, t->msg, VMT_MSG_MAX, &len);
	if (n < 0) {
		tclo_failed(vmt, n != -ENOSPC);
		return t->open_at_ms - min(t->open_at_ms, now_ms());
	}
	vmt_reopen_works(&t->re, now_ms());
	if (t->contended && !vmt_reopen_contended(&t->re))
		tclo_note_attached(vmt);
	if (n == 0)
		return vmt_pace_next(&t->pace, now_ms());
	vmt_pace_active(&t->pace, now_ms());
	tclo_arrived(vmt, len);
	return 0;
}

/* ---- the thread: who has the channel ---- */

enum tclo_todo {
	TODO_SLEEP,		/* until kicked, or until it is time to serve */
	TODO_SERVE,		/* the driver answers the message in hand */
	TODO_EXCHANGE,
	TODO_POWER,		/* what an owner who is gone had declared */
	TODO_CLOSE,
};

/* Decides what is next; writes @ret_ms for TODO_SLEEP, @ret_power for TODO_POWER. */
static enum tclo_todo tclo_next_locked(struct vmt_tclo *t, u32 *ret_ms, u32 *ret_power)
{
	u64 now = now_ms();

	*ret_ms = FOREVER;
	if (t->msg_state == TCLO_MSG_ORPHAN)
		return TODO_SERVE;
	if (t->msg_state == TCLO_MSG_ANSWERED)
		return TODO_EXCHANGE;
	if (t->power_left) {
		*ret_power = t->power_left;
		t->power_left = VMT_POWER_NONE;
		return TODO_POWER;
	}
	if (t->reboot)
		return t->attached ? TODO_CLOSE : TODO_SLEEP;
	if (t->reopen) {
		t->reopen = false;
		return TODO_CLOSE;
	}
	if (t->msg_state != TCLO_MSG_NONE)
		return TODO_SLEEP;
	if (t->owner || t->service)
		return TODO_EXCHANGE;
	if (!vmt_service_allowed())
		return TODO_SLEEP;
	if (now < t->serve_at_ms) {
		*ret_ms = t->serve_at_ms - now;
		return TODO_SLEEP;
	}
	t->service = true;
	return TODO_EXCHANGE;
}

/* Does one thing; returns ms until the next one. */
static u32 tclo_step(struct vmt *vmt)
{
	struct vmt_tclo *t = &vmt->tclo;
	enum tclo_todo todo;
	bool resumed;
	u32 ms, power;

	mutex_lock(&t->lock);
	WRITE_ONCE(t->kick, false);
	resumed = t->resumed;
	t->resumed = false;
	todo = tclo_next_locked(t, &ms, &power);
	mutex_unlock(&t->lock);
	if (resumed)
		vmt_service_forget(vmt);

	switch (todo) {
	case TODO_SLEEP:
		break;
	case TODO_SERVE:
		tclo_serve(vmt);
		return 0;
	case TODO_EXCHANGE:
		if (READ_ONCE(t->service))
			vmt_service_tick(vmt, now_ms());
		return tclo_exchange(vmt);
	case TODO_POWER:
		dev_notice(vmt->dev, "the agent is gone: finishing what it had begun\n");
		vmt_power_begin(vmt, power);
		return 0;
	case TODO_CLOSE:
		tclo_close(vmt);
		t->open_at_ms = 0;
		return 0;
	}
	return ms;
}

static void tclo_sleep(struct vmt_tclo *t, u32 ms)
{
	ktime_t timeout = ms_to_ktime(ms);
	DEFINE_WAIT(wait);

	prepare_to_wait(&t->thread_wq, &wait, TASK_INTERRUPTIBLE);
	if (!READ_ONCE(t->kick) && !kthread_should_stop() && !freezing(current)) {
		if (ms == FOREVER)
			schedule();
		else
			schedule_hrtimeout_range(&timeout, (u64)ms * NSEC_PER_MSEC / 8,
						 HRTIMER_MODE_REL);
	}
	finish_wait(&t->thread_wq, &wait);
}

/* The device goes away; the files are dead.  No message stays unanswered. */
static void tclo_finish(struct vmt *vmt)
{
	struct vmt_tclo *t = &vmt->tclo;

	if (t->msg_state == TCLO_MSG_ORPHAN)
		tclo_serve(vmt);
	if (t->msg_state == TCLO_MSG_ANSWERED && tclo_send(vmt))
		tclo_failed(vmt, true);
	tclo_close(vmt);
}

static int tclo_thread(void *data)
{
	struct vmt *vmt = data;
	u32 ms;

	set_freezable();
	while (!kthread_should_stop()) {
		ms = tclo_step(vmt);
		if (ms)
			tclo_sleep(&vmt->tclo, ms);
		else
			cond_resched();
		try_to_freeze();
	}
	tclo_finish(vmt);
	return 0;
}

/* ---- the owner ---- */

int vmt_tclo_own(struct vmt *vmt, struct vmt_file *file)
{
	struct vmt_tclo *t = &vmt->tclo;
	int err = -EBUSY;

	mutex_lock(&t->lock);
	if (!t->owner) {
		t->owner = file;
		t->owner_pid = get_pid(task_tgid(current));
		t->power = VMT_POWER_NONE;
		t->service = false;
		t->reopen = true;
		tclo_kick_locked(t);
		err = 0;
	}
	mutex_unlock(&t->lock);
	return err;
}

void vmt_tclo_disown(struct vmt *vmt, struct vmt_file *file)
{
	struct vmt_tclo *t = &vmt->tclo;

	mutex_lock(&t->lock);
	if (t->owner == file) {
		t->owner = NULL;
		put_pid(t->owner_pid);
		t->owner_pid = NULL;
		t->power_left = t->power;
		t->power = VMT_POWER_NONE;
		if (t->msg_state == TCLO_MSG_READY || t->msg_state == TCLO_MSG_TAKEN)
			t->msg_state = TCLO_MSG_ORPHAN;
		t->serve_at_ms = now_ms() + SERVE_AFTER_OWNER_MS;
		t->reopen = true;
		tclo_kick_locked(t);
	}
	mutex_unlock(&t->lock);
}

void vmt_tclo_resumed(struct vmt *vmt)
{
	struct vmt_tclo *t = &vmt->tclo;

	mutex_lock(&t->lock);
	t->resumed = true;
	tclo_kick_locked(t);
	mutex_unlock(&t->lock);
}

int vmt_tclo_power(struct vmt *vmt, struct vmt_file *file, u32 op)
{
	struct vmt_tclo *t = &vmt->tclo;
	int err = -EPERM;

	mutex_lock(&t->lock);
	if (t->owner == file) {
		t->power = op;
		err = 0;
	}
	mutex_unlock(&t->lock);
	return err;
}

ssize_t vmt_tclo_read(struct vmt *vmt, char __user *buf, size_t count)
{
	struct vmt_tclo *t = &vmt->tclo;
	s64 len = vmt_tclo_readable(vmt);

	if (len < 0)
		return -EAGAIN;
	if (count < len)
		return -EMSGSIZE;
	/* READY and our file is locked: the message stays until we say TAKEN. */
	if (copy_to_user(buf, t->msg, len))
		return -EFAULT;
	mutex_lock(&t->lock);
	t->msg_state = TCLO_MSG_TAKEN;
	mutex_unlock(&t->lock);
	return len;
}

ssize_t vmt_tclo_write(struct vmt *vmt, const char __user *buf, size_t count)
{
	struct vmt_tclo *t = &vmt->tclo;

	if (READ_ONCE(t->msg_state) != TCLO_MSG_TAKEN)
		return -ENOMSG;
	if (copy_from_user(t->reply, buf, count))
		return -EFAULT;
	mutex_lock(&t->lock);
	t->reply_len = count;
	t->msg_state = TCLO_MSG_ANSWERED;
	tclo_kick_locked(t);
	mutex_unlock(&t->lock);
	/* Only we could answer again, so the state cannot come back before we have seen it go. */
	if (wait_event_killable(t->owner_wq, READ_ONCE(t->msg_state) != TCLO_MSG_ANSWERED))
		return -EINTR;
	return t->reply_err ? t->reply_err : count;
}

s64 vmt_tclo_readable(struct vmt *vmt)
{
	struct vmt_tclo *t = &vmt->tclo;
	s64 len = -1;

	mutex_lock(&t->lock);
	if (t->msg_state == TCLO_MSG_READY)
		len = t->msg_len;
	mutex_unlock(&t->lock);
	return len;
}

__poll_t vmt_tclo_events(struct vmt *vmt)
{
	switch (READ_ONCE(vmt->tclo.msg_state)) {
	case TCLO_MSG_READY:
		return EPOLLIN | EPOLLRDNORM;
	case TCLO_MSG_TAKEN:
		return EPOLLOUT | EPOLLWRNORM;
	case TCLO_MSG_NONE:
	case TCLO_MSG_ORPHAN:
	case TCLO_MSG_ANSWERED:
		break;
	}
	return 0;
}

void vmt_tclo_status(struct vmt *vmt, struct vmt_tclo_status *ret)
{
	struct vmt_tclo *t = &vmt->tclo;

	mutex_lock(&t->lock);
	*ret = (struct vmt_tclo_status){
		.state = VMT_TCLO_NOBODY,
		.owner_pid = pid_vnr(t->owner_pid),
		.power = t->power,
		.attached = t->attached,
		.contended = t->contended,
		.messages = t->messages,
		.lost = t->lost,
	};
	if (t->owner)
		ret->state = VMT_TCLO_OWNED;
	else if (t->service)
		ret->state = VMT_TCLO_SERVICE;
	if (t->contended && ret->state != VMT_TCLO_NOBODY)
		ret->state = VMT_TCLO_CONTENDED;
	mutex_unlock(&t->lock);
}

/* ---- set-up ---- */

/* The kernel goes down: the host is to see that nobody serves any more. */
static int tclo_reboot_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct vmt_tclo *t = container_of(nb, struct vmt_tclo, reboot_nb);
	struct vmt *vmt = container_of(t, struct vmt, tclo);

	vmt_power_going_down(vmt);
	mutex_lock(&t->lock);
	t->reboot = true;
	tclo_kick_locked(t);
	mutex_unlock(&t->lock);
	wait_event_timeout(t->owner_wq, !READ_ONCE(t->attached), REBOOT_WAIT);
	return NOTIFY_DONE;
}

static void tclo_teardown(void *data)
{
	struct vmt *vmt = data;

	unregister_reboot_notifier(&vmt->tclo.reboot_nb);
	kthread_stop(vmt->tclo.thread);
}

void vmt_tclo_free(struct vmt *vmt)
{
	kvfree(vmt->tclo.msg);
	kvfree(vmt->tclo.reply);
}

int vmt_tclo_setup(struct vmt *vmt)
{
	struct vmt_tclo *t = &vmt->tclo;
	int err;

	mutex_init(&t->lock);
	init_waitqueue_head(&t->thread_wq);
	init_waitqueue_head(&t->owner_wq);
	vmt_channel_init(&t->ch, vmt_backdoor_call_long, NULL);
	t->serve_at_ms = now_ms() + SERVE_AFTER_LOAD_MS;
	t->msg = kvmalloc(VMT_MSG_MAX, GFP_KERNEL);
	t->reply = kvmalloc(VMT_MSG_MAX, GFP_KERNEL);
	if (!t->msg || !t->reply)
		return -ENOMEM;		/* what was allocated goes with the device */
	t->thread = kthread_run(tclo_thread, vmt, "vmt0");
	if (IS_ERR(t->thread))
		return PTR_ERR(t->thread);
	t->reboot_nb.notifier_call = tclo_reboot_notify;
	err = register_reboot_notifier(&t->reboot_nb);
	if (err) {
		kthread_stop(t->thread);
		return err;
	}
	return devm_add_action_or_reset(vmt->dev, tclo_teardown, vmt);
}

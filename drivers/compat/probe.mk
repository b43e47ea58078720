# SPDX-License-Identifier: GPL-2.0-only
#
# What this kernel tree has, found by looking at its headers.  Each probe that succeeds defines
# VMT_HAVE_NAME; only compat.h looks at these names.  What is a macro in the kernel is not probed
# here: compat.h asks with #ifdef.
#
# $(call vmt-probe,NAME,EXTENDED-REGEX,HEADER below include/).  A dot stands for a parenthesis, which
# make would count.

vmt-probe = $(if $(shell grep -Eqs '$(2)' $(srctree)/include/$(3) && echo y),-DVMT_HAVE_$(1))

VMT_PROBED := \
	$(call vmt-probe,PROTO_ACCEPT_ARG,struct proto_accept_arg [{],net/sock.h) \
	$(call vmt-probe,SOCKADDR_UNSIZED,struct sockaddr_unsized [{],linux/socket.h) \
	$(call vmt-probe,REGISTER_SYSCTL_SZ,register_sysctl_sz.,linux/sysctl.h) \
	$(call vmt-probe,CONST_CTL_TABLE,proc_handler.const struct ctl_table,linux/sysctl.h) \
	$(call vmt-probe,TIMER_DELETE_SYNC,int timer_delete_sync.,linux/timer.h) \
	$(call vmt-probe,HRTIMER_SETUP,void hrtimer_setup.,linux/hrtimer.h) \
	$(call vmt-probe,SOCK_DIAG_OWNER,struct sock_diag_inet_compat [{],linux/sock_diag.h) \
	$(call vmt-probe,SK_UID,kuid_t sk_uid.const struct sock,net/sock.h)

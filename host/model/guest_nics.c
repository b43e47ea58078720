/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_nics.c - the guest's network, from XDR (include/wire/guestnic.x)
 *
 * The generated code bounds every list by what the description says, before it allocates for it.
 * Not checked here: that a route's NIC exists; whoever follows the number looks.  Version 2, which
 * old agents send, is turned into version 3, so that renderers know one form only.  Bytes after the
 * report are padding of agents that send from a larger buffer: ignored.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/bytes.h"
#include "host/model/guestrpc_impl.h"
#include "include/wire/guestnic.h"

void nics_free(struct grpc_report *r)
{
	if (!r->net)
		return;
	xdr_free((xdrproc_t)xdr_guestnic_v3, r->net);
	free(r->net);
	r->net = NULL;
	r->net_version = 0;
}

static unsigned int mask_bits(int family, const char *mask)
{
	unsigned char bytes[16] = { 0 };
	unsigned int bits = 0;

	/* An IPv6 "mask" is a number; an IPv4 one is dotted. */
	if (family == AF_INET6)
		return (unsigned int)strtoul(mask, NULL, 10) & 0xff;
	if (inet_pton(AF_INET, mask, bytes) != 1)
		return 0;
	while (bits < 32 && (bytes[bits / 8] & (0x80 >> (bits % 8))))
		bits++;
	return bits;
}

/* Returns 1, 0 for an address that is none (left out), or -ENOMEM. */
static int ip_from_text(guestnic_ip *to, int family, const char *text)
{
	unsigned int len = family == AF_INET6 ? 16 : 4;
	unsigned char bytes[16];

	if (inet_pton(family, text, bytes) != 1)
		return 0;
	to->addr.addr.addr_val = malloc(len);
	if (!to->addr.addr.addr_val)
		return -ENOMEM;
	memcpy(to->addr.addr.addr_val, bytes, len);
	to->addr.addr.addr_len = len;
	to->addr.type = family == AF_INET6 ? GUESTNIC_ADDR_IPV6 : GUESTNIC_ADDR_IPV4;
	return 1;
}

static int ip_from_v2(guestnic_ip *to, guestnic_ip2 *from)
{
	int family = from->family == GUESTNIC_FAMILY_IPV6 ? AF_INET6 : AF_INET, got;

	from->ip[GUESTNIC_IP_TEXT_LEN - 1] = '\0';
	from->mask[GUESTNIC_IP_TEXT_LEN - 1] = '\0';
	got = ip_from_text(to, family, from->ip);
	if (got <= 0)
		return got;
	to->origin = from->dhcp ? malloc(sizeof(*to->origin)) : NULL;
	if (from->dhcp && !to->origin)
		return -ENOMEM;
	to->prefix_len = mask_bits(family, from->mask);
	if (to->origin)
		*to->origin = GUESTNIC_ORIGIN_DHCP;
	return 1;
}

static int nic_from_v2(guestnic_nic *to, guestnic_nic2 *from)
{
	unsigned int i;

	from->mac[GUESTNIC_MAC_LEN - 1] = '\0';
	to->mac = strdup(from->mac);
	to->ips.ips_val = calloc(from->ips.ips_len ? from->ips.ips_len : 1, sizeof(guestnic_ip));
	if (!to->mac || !to->ips.ips_val)
		return -ENOMEM;
	for (i = 0; i < from->ips.ips_len; i++) {
		/* Counted before it is filled, so that a half-filled one is freed with the rest. */
		unsigned int at = to->ips.ips_len++;
		int got = ip_from_v2(&to->ips.ips_val[at], &from->ips.ips_val[i]);

		if (got < 0)
			return got;
		if (!got)
			to->ips.ips_len--;
	}
	return 0;
}

static int v3_from_v2(guestnic_v3 *to, guestnic_v2 *from)
{
	unsigned int i;
	int err = 0;

	to->nics.nics_val = calloc(from->nics.nics_len ? from->nics.nics_len : 1,
				   sizeof(guestnic_nic));
	if (!to->nics.nics_val)
		return -ENOMEM;
	for (i = 0; !err && i < from->nics.nics_len; i++) {
		to->nics.nics_len++;
		err = nic_from_v2(&to->nics.nics_val[i], &from->nics.nics_val[i]);
	}
	return err;
}

static void v3_free(guestnic_v3 *v3)
{
	xdr_free((xdrproc_t)xdr_guestnic_v3, v3);
	free(v3);
}

/* ---- version 1: not XDR, no masks, IPv4 only ------------------------------------------------- */

static int nic_from_v1(guestnic_nic *to, const char *data)
{
	struct grpc_wire_nic_v1 from;
	char text[GRPC_NIC_V1_IP_LEN + 1] = "";
	unsigned int count, i;

	memcpy(&from, data, sizeof(from));
	count = get_le32(&from.ip_count);
	to->mac = strndup(from.mac, sizeof(from.mac) - 1);
	to->ips.ips_val = calloc(GRPC_NIC_V1_IPS, sizeof(guestnic_ip));
	if (!to->mac || !to->ips.ips_val)
		return -ENOMEM;
	for (i = 0; i < count && i < GRPC_NIC_V1_IPS; i++) {
		unsigned int at = to->ips.ips_len++;
		int got;

		memcpy(text, from.ips[i], GRPC_NIC_V1_IP_LEN);
		got = ip_from_text(&to->ips.ips_val[at], AF_INET, text);
		if (got < 0)
			return got;
		if (!got)
			to->ips.ips_len--;
		else
			to->ips.ips_val[at].prefix_len = 32;
	}
	return 0;
}

int nics_from_v1(struct grpc_report *r, const char *data, size_t len)
{
	unsigned int count, i;
	guestnic_v3 *v3;
	int err = 0;

	if (len < 4)
		return -EINVAL;
	count = get_le32(data);
	if (count > GUESTNIC_NICS || (len - 4) / sizeof(struct grpc_wire_nic_v1) < count)
		return -EINVAL;
	v3 = calloc(1, sizeof(*v3));
	if (!v3)
		return -ENOMEM;
	v3->nics.nics_val = calloc(GUESTNIC_NICS, sizeof(guestnic_nic));
	if (!v3->nics.nics_val)
		err = -ENOMEM;
	for (i = 0; !err && i < count; i++) {
		v3->nics.nics_len++;
		err = nic_from_v1(&v3->nics.nics_val[i],
				  data + 4 + i * sizeof(struct grpc_wire_nic_v1));
	}
	if (err < 0) {
		v3_free(v3);
		return err;
	}
	nics_free(r);
	r->net = v3;
	r->net_version = 1;
	return 0;
}

/* ---- versions 2 and 3 ------------------------------------------------------------------------ */

/* Move the decoded body out of @report; what stays is freed by the caller. */
static int report_take(struct grpc_report *r, guestnic_report *report)
{
	guestnic_v3 *v3;
	int err;

	if (report->ver == 3) {
		v3 = report->guestnic_report_u.v3;
		if (!v3)
			return -EINVAL;
		report->guestnic_report_u.v3 = NULL;
	} else {
		if (!report->guestnic_report_u.v2)
			return -EINVAL;
		v3 = calloc(1, sizeof(*v3));
		if (!v3)
			return -ENOMEM;
		err = v3_from_v2(v3, report->guestnic_report_u.v2);
		if (err < 0) {
			v3_free(v3);
			return err;
		}
	}
	nics_free(r);
	r->net = v3;
	r->net_version = (uint32_t)report->ver;
	return 0;
}

int nics_from_xdr(struct grpc_report *r, const char *data, size_t len)
{
	guestnic_report report = { 0 };
	char *copy;
	XDR xdr;
	int err = -EINVAL;

	if (len < 8 || len > UINT16_MAX)
		return -EINVAL;
	copy = malloc(len);		/* aligned for the decoder */
	if (!copy)
		return -ENOMEM;
	memcpy(copy, data, len);
	xdrmem_create(&xdr, copy, (unsigned int)len, XDR_DECODE);
	if (xdr_guestnic_report(&xdr, &report))
		err = report_take(r, &report);
	xdr_destroy(&xdr);
	if (report.ver == 2 || report.ver == 3)
		xdr_free((xdrproc_t)xdr_guestnic_report, &report);
	free(copy);
	return err;
}

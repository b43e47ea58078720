/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * device.c - vmtctl device: the devices that the host lets its guest connect and disconnect
 */
#include <json.h>
#include <string.h>

#include "cli/cli.h"

#define DEVICE_USAGE	"device [--json] list | status NAME | enable NAME | disable NAME"

static gboolean as_json;

static struct json_object *json_device(const VmtDevice *device)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "name", cli_json_text(device->name));
	json_object_object_add(o, "enabled", json_object_new_boolean(device->enabled));
	return o;
}

int device_list(void)
{
	struct json_object *list = as_json ? json_object_new_array() : NULL;
	VmtDevice device;
	guint i;

	for (i = 0; i < VMT_DEVICES_MAX; i++) {
		if (!vmt_host_device(i, &device))
			continue;
		if (list)
			json_object_array_add(list, json_device(&device));
		else
			printf("%s: %s\n", device.name, device.enabled ? "Enabled" : "Disabled");
	}
	return list ? cli_json_print(list) : CLI_OK;
}

gboolean device_find(const char *name, VmtDevice *ret)
{
	guint i;

	for (i = 0; i < VMT_DEVICES_MAX; i++)
		if (vmt_host_device(i, ret) && !g_ascii_strcasecmp(ret->name, name))
			return TRUE;
	return FALSE;
}

int device_status(const VmtDevice *device)
{
	if (as_json)
		(void)cli_json_print(json_device(device));
	else
		printf("%s\n", device->enabled ? "Enabled" : "Disabled");
	return device->enabled ? CLI_OK : CLI_UNAVAILABLE;
}

static int one(const char *verb, const char *name)
{
	gboolean on = !strcmp(verb, "enable");
	g_autoptr(GError) error = NULL;
	VmtDevice device;

	if (!device_find(name, &device)) {
		fprintf(stderr, "vmtctl: %s: the host has no such device for this guest\n", name);
		return CLI_NOT_FOUND;
	}
	if (!strcmp(verb, "status"))
		return device_status(&device);
	return vmt_host_device_connect(&device, on, &error) ? CLI_OK : cli_error(error);
}

int device_main(int argc, char **argv)
{
	static const GOptionEntry options[] = {
		{ "json", 'j', 0, G_OPTION_ARG_NONE, &as_json, "Print JSON", NULL },
		{ 0 },
	};
	g_autoptr(GError) error = NULL;

	if (!cli_options(&argc, &argv, options, "list | status NAME | enable NAME | disable NAME",
			 "Tells or changes which devices of the host are connected."))
		return CLI_USAGE;
	if (!(argc == 2 && !strcmp(argv[1], "list")) &&
	    !(argc == 3 && (!strcmp(argv[1], "status") || !strcmp(argv[1], "enable") ||
			    !strcmp(argv[1], "disable"))))
		return cli_usage(DEVICE_USAGE);
	if (!vmt_host_detect(NULL, &error))
		return cli_error(error);
	return argc == 2 ? device_list() : one(argv[1], argv[2]);
}

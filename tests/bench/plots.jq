# SPDX-License-Identifier: GPL-2.0-or-later
#
# plots.jq - what each plot shows, in the order of the report
#
# name: as in the samples.  x: what varies.  unit: of y.  better: "more" or "less".  ours: the series
# that the ratios are of, "" where there is no peer.

def plots: [
  {name: "stream-up", title: "Stream, guest to host", x: "bytes of a write", unit: "MiB/s", better: "more",
   ours: "vmtkit"},
  {name: "stream-down", title: "Stream, host to guest", x: "bytes of a write", unit: "MiB/s", better: "more",
   ours: "vmtkit"},
  {name: "stream-rtt", title: "One byte there and back", x: "", unit: "us", better: "less", ours: "vmtkit"},
  {name: "stream-connect", title: "Connections", x: "", unit: "1/s", better: "more", ours: "vmtkit"},
  {name: "module-size", title: "Memory of a loaded module stack", x: "modules", unit: "KiB", better: "less",
   ours: "vmtkit"},
  {name: "module-load", title: "Loading vmci and vsock, device probed", x: "modules", unit: "ms",
   better: "less", ours: "vmtkit"},
  {name: "module-unload", title: "Unloading them", x: "modules", unit: "ms", better: "less", ours: "vmtkit"},
  {name: "backdoor-calls", title: "Backdoor calls of one process", x: "call", unit: "calls/s", better: "more",
   ours: ""},
  {name: "agent-memory", title: "Memory of the idle agent", x: "measure", unit: "KiB", better: "less",
   ours: "vmtkit"},
  {name: "agent-threads", title: "Threads of the agent", x: "", unit: "threads", better: "less", ours: "vmtkit"},
  {name: "agent-wakeups", title: "Wake-ups while idle: of the agent, and context switches of the whole guest",
   x: "of", unit: "1/s", better: "less", ours: "vmtkit"},
  {name: "agent-cpu", title: "Processor time of the idle agent", x: "", unit: "us/s", better: "less",
   ours: "vmtkit"},
  {name: "rpc-process", title: "One RPC as a whole process", x: "command", unit: "ms", better: "less",
   ours: "vmtkit"},
  {name: "vm-memory", title: "Memory of the host's process of an idle VM, QEMU apart", x: "measure",
   unit: "KiB", better: "less", ours: ""},
  {name: "vm-cpu", title: "Processor time of an idle VM", x: "process", unit: "ms/s", better: "less",
   ours: ""},
  {name: "vm-boot", title: "From the start of ./dev vm to the end of its command, true", x: "userland", unit: "ms",
   better: "less", ours: ""}
];

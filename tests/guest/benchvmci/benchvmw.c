// SPDX-License-Identifier: GPL-2.0-only
/* benchvmw.c - benchvmci.c, compiled for the kernel's own interface; see Kbuild */
#include "benchvmci.c"

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * debugfs.h - files for people; nothing depends on them
 */
#ifndef VMTKIT_VMCI_DEBUGFS_H
#define VMTKIT_VMCI_DEBUGFS_H

void vmci_debugfs_init(void);
void vmci_debugfs_exit(void);

#endif /* VMTKIT_VMCI_DEBUGFS_H */

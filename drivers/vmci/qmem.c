// SPDX-License-Identifier: GPL-2.0-only
/*
 * qmem.c - the pages of a queue
 *
 * A queue is a header page and the pages of its content, zeroed because the peer sees all of them.  Those
 * that a device shares come from the DMA API, which gives the addresses that the device is told; those of
 * a LOCAL pair are ordinary pages.  Whoever holds the queue pair serialises.
 */
#include <linux/dma-mapping.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "qpair.h"

#define ONE_PIECE_MAX	SZ_256K		/* bytes; a larger piece is rarely free, and costs a search */

/**
 * vmci_queue_memory_free() - give the pages of a queue back
 * @q:		a queue, also one without pages
 * @dma_dev:	as they were allocated
 *
 * Context: process.
 */
void vmci_queue_memory_free(struct qp_queue *q, struct device *dma_dev)
{
	u32 i, singles = q->one_piece ? 1 : q->pages;

	if (q->one_piece)
		dma_free_coherent(dma_dev, (size_t)(q->pages - 1) << PAGE_SHIFT, q->page[1],
				  q->dma[1]);
	for (i = 0; q->page && i < singles && q->page[i]; i++) {
		if (q->dma)
			dma_free_coherent(dma_dev, PAGE_SIZE, q->page[i], q->dma[i]);
		else
			free_page((unsigned long)q->page[i]);
	}
	kvfree(q->page);
	kvfree(q->dma);
	q->page = NULL;
	q->dma = NULL;
	q->one_piece = false;
}

/*
 * The content of most queues is a power of two of pages, which the allocator has in one piece while
 * memory is not in crumbs: that is one call instead of many.  Another number would be rounded up.
 */
static bool content_in_one_piece(struct qp_queue *q, struct device *dma_dev)
{
	u32 i, n = q->pages - 1;

	if (!is_power_of_2(n) || n > ONE_PIECE_MAX >> PAGE_SHIFT)
		return false;
	q->page[1] = dma_alloc_coherent(dma_dev, (size_t)n << PAGE_SHIFT, &q->dma[1],
					GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY);
	if (!q->page[1])
		return false;
	for (i = 1; i < n; i++) {
		q->page[1 + i] = q->page[1] + ((size_t)i << PAGE_SHIFT);
		q->dma[1 + i] = q->dma[1] + ((dma_addr_t)i << PAGE_SHIFT);
	}
	q->one_piece = true;
	return true;
}

static void *page_alloc(struct qp_queue *q, u32 i, struct device *dma_dev)
{
	if (!dma_dev)
		return (void *)get_zeroed_page(GFP_KERNEL);
	return dma_alloc_coherent(dma_dev, PAGE_SIZE, &q->dma[i], GFP_KERNEL | __GFP_NOWARN);
}

/**
 * vmci_queue_memory_alloc() - get zeroed pages for a queue
 * @q:		its number of pages is set
 * @dma_dev:	the device that shares them, or NULL
 *
 * Context: process.
 * Return: whether all are there; if not, vmci_queue_memory_free() takes back those that are.
 */
bool vmci_queue_memory_alloc(struct qp_queue *q, struct device *dma_dev)
{
	u32 i;

	q->page = kvcalloc(q->pages, sizeof(*q->page), GFP_KERNEL);
	if (dma_dev)
		q->dma = kvcalloc(q->pages, sizeof(*q->dma), GFP_KERNEL);
	if (!q->page || (dma_dev && !q->dma))
		return false;
	for (i = 0; i < q->pages; i++) {
		q->page[i] = page_alloc(q, i, dma_dev);
		if (!q->page[i])
			return false;
		if (!i && dma_dev && content_in_one_piece(q, dma_dev))
			break;
	}
	return true;
}

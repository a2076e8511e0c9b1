/*
 * What newlib's printf engine refers to and EL2 does not have: an allocator.
 *
 * The engine allocates only for a stream that grows (asprintf and the like), and no such function
 * is in our libc.a; snprintf and vsnprintf write into their caller's buffer. So nothing calls these;
 * should that change, an allocation fails as it does when memory is out, and printf returns -1.
 */
#include <errno.h>
#include <reent.h>
#include <stdlib.h>

void *_malloc_r(struct _reent *reent, size_t size)
{
    (void)size;
    reent->_errno = ENOMEM;
    return NULL;
}

void *_realloc_r(struct _reent *reent, void *memory, size_t size)
{
    (void)memory;
    return _malloc_r(reent, size);
}

void _free_r(struct _reent *reent, void *memory)
{
    (void)reent;
    (void)memory;
}

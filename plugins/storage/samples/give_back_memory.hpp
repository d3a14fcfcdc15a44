// To the system, after what takes much for a moment: the allocator would keep the pages for good.
#pragma once

#include <malloc.h>

namespace tarsier::samples {

inline void give_back_memory() noexcept {
#ifdef __GLIBC__
  (void)malloc_trim(0);  // whether there was any
#endif
}

}  // namespace tarsier::samples

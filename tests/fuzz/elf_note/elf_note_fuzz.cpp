// Any bytes as a plugin file: what the host reads of it before it decides to load it.
#include <cstdlib>
#include <string>

#include "core/loader/elf_file.hpp"
#include "core/loader/module_note.hpp"
#include "tarsier/abi/types.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tarsier::loader;
  auto file = ElfFile::parse("fuzz.so", std::string(reinterpret_cast<const char*>(data), size));
  if (!file.ok()) return 0;
  const auto note = read_note(*file);
  if (note.ok() && note->abi_major == TARSIER_ABI_MAJOR && note->ids.empty()) std::abort();
  (void)file->dynamic_symbols().ok();
  (void)file->needed().ok();
  return 0;
}

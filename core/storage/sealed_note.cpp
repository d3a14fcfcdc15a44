#include "core/storage/sealed_note.hpp"

#include <cinttypes>
#include <cstdio>
#include <xxhash.h>

#include "core/storage/files.hpp"

namespace tarsier::storage {
namespace {

std::string note_path(const std::string& env_dir) { return env_dir + "/sealed"; }

uint64_t sum_of(std::string_view text) noexcept { return XXH3_64bits(text.data(), text.size()); }

}  // namespace

Result<bool> is_sealed(const std::string& env_dir) { return is_there(note_path(env_dir)); }

Result<TreeSum> write_sealed_note(const std::string& env_dir, const std::string& data_file) {
  auto tree = walk_tree(data_file);
  if (!tree) return tree;
  char text[256];
  int size = std::snprintf(text, sizeof(text),
                           "tarsier sealed environment 1\nbytes %" PRIu64 "\nentries %" PRIu64 "\ntree %016" PRIx64 "\n",
                           tree->bytes, tree->entries, tree->hash);
  std::string note(text, static_cast<size_t>(size));
  size = std::snprintf(text, sizeof(text), "check %016" PRIx64 "\n", sum_of(note));
  note.append(text, static_cast<size_t>(size));
  if (auto ok = write_synced_file(note_path(env_dir), note); !ok) return std::move(ok).error();
  return tree;
}

Result<TreeSum> read_sealed_note(const std::string& env_dir) {
  auto text = read_file(note_path(env_dir));
  if (!text) return std::move(text).error();
  TreeSum tree;
  uint64_t check = 0;
  int head_size = 0;
  const int fields = std::sscanf(
      text->c_str(), "tarsier sealed environment 1\nbytes %" SCNu64 "\nentries %" SCNu64 "\ntree %" SCNx64 "\n%ncheck %" SCNx64,
      &tree.bytes, &tree.entries, &tree.hash, &head_size, &check);
  if (fields != 4 || check != sum_of(std::string_view(*text).substr(0, static_cast<size_t>(head_size)))) {
    return Error(TARSIER_CORRUPT, note_path(env_dir) + ": is damaged");
  }
  return tree;
}

Result<void> check_sealed(const std::string& env_dir) {
  auto noted = read_sealed_note(env_dir);
  if (!noted) return std::move(noted).error();
  auto found = walk_tree(env_dir + "/data.mdb");
  if (!found) return std::move(found).error();
  if (found->hash != noted->hash || found->bytes != noted->bytes || found->entries != noted->entries) {
    return Error(TARSIER_CORRUPT, env_dir + "/data.mdb: its tree is not what was sealed");
  }
  return {};
}

}  // namespace tarsier::storage

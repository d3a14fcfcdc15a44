#include "core/loader/plugin_directory.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "core/loader/elf_file.hpp"

namespace tarsier::loader {
namespace {

// Editors and installers write "node.so.tmp" or ".node.so.x1" first and rename: only whole names count.
bool is_plugin_name(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  return path.extension() == ".so" && name.front() != '.';
}

std::vector<std::string> list(const std::string& directory) {
  std::vector<std::string> paths;
  std::error_code failure;
  for (std::filesystem::directory_iterator entry(directory, failure), end; !failure && entry != end; entry.increment(failure)) {
    if (is_plugin_name(entry->path())) paths.push_back(entry->path().string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

PluginFile PluginDirectory::read(const std::string& path) const {
  PluginFile file;
  file.path = path;
  auto identity = identify(path);
  if (!identity) {
    file.refusal = identity.error().message();
    return file;
  }
  file.identity = *identity;
  const auto known = std::find_if(files_.begin(), files_.end(),
                                  [&](const PluginFile& old) { return old.path == path && old.identity == *identity; });
  if (known != files_.end()) {
    file.note = known->note;
    file.refusal = known->refusal;
    return file;
  }
  auto elf = ElfFile::open(path);
  if (!elf) {
    file.refusal = elf.error().message();
    if (elf.error().code() == TARSIER_UNAVAILABLE) file.identity = {};  // it may be read the next time, also unchanged
    return file;
  }
  file.identity = elf->identity();
  auto note = read_note(*elf);
  if (!note) {
    file.refusal = note.error().message();
    return file;
  }
  if (auto abi = check_abi(*note, path); !abi) file.refusal = abi.error().message();
  file.note = std::move(note).value();
  return file;
}

void PluginDirectory::scan() {
  std::vector<PluginFile> found;
  for (const std::string& directory : directories_) {
    for (const std::string& path : list(directory)) found.push_back(read(path));
  }
  files_ = std::move(found);
  by_id_.clear();
  for (PluginFile& file : files_) {
    if (!file.refusal.empty()) continue;
    for (const std::string& id : file.note->ids) {
      if (!by_id_.emplace(id, &file).second) file.shadowed.push_back(id);
    }
  }
}

const PluginFile* PluginDirectory::find(std::string_view name, std::string* id) const {
  if (const auto exact = by_id_.find(name); exact != by_id_.end()) {
    if (id != nullptr) *id = name;
    return exact->second;
  }
  for (const auto& [own, file] : by_id_) {
    const std::string_view resolved = file->note->resolve(name);
    if (resolved.empty() || resolved != own) continue;
    if (id != nullptr) *id = own;
    return file;
  }
  return nullptr;
}

std::vector<std::string> PluginDirectory::ids() const {
  std::vector<std::string> out;
  out.reserve(by_id_.size());
  for (const auto& [id, file] : by_id_) out.push_back(id);
  return out;
}

std::string default_plugin_directory() {
  std::error_code failure;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", failure);
  if (failure) return {};
  const auto prefix = program.parent_path().parent_path();
  std::vector<std::filesystem::path> candidates = {prefix / "lib" / "tarsier" / "plugins"};
#if defined(__x86_64__)
  candidates.push_back(prefix / "lib" / "x86_64-linux-gnu" / "tarsier" / "plugins");
#elif defined(__aarch64__)
  candidates.push_back(prefix / "lib" / "aarch64-linux-gnu" / "tarsier" / "plugins");
#endif
  candidates.push_back(prefix / "lib64" / "tarsier" / "plugins");
  for (const auto& candidate : candidates) {
    if (std::filesystem::is_directory(candidate, failure)) return candidate.string();
  }
  return candidates.front().string();
}

}  // namespace tarsier::loader

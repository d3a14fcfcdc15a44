#include "core/loader/module.hpp"

#include <algorithm>
#include <cstdlib>
#include <cxxabi.h>
#include <dlfcn.h>
#include <filesystem>
#include <link.h>

#include <boost/dll/shared_library.hpp>

#include "core/loader/descriptor.hpp"

namespace tarsier::loader {

struct Module::Impl {
  std::string path;
  PrivateCopy copy;     // none when the plugin file itself is mapped
  std::string spelled;  // the path as dlopen was given it
  std::string why_in_place;
  FileIdentity identity;
  FileIdentity mapped_file;
  ModuleNote note;
  std::vector<const tarsier_plugin*> plugins;
  boost::dll::shared_library library;  // last: unloads when everything else is gone
};

namespace {

// The name under which the object that dlopen would take for `spelled` was loaded; "" when none is.
std::string loaded_as(const std::string& spelled) {
  void* handle = ::dlopen(spelled.c_str(), RTLD_LAZY | RTLD_NOLOAD);
  if (handle == nullptr) return {};
  link_map* object = nullptr;
  std::string name = "?";
  if (::dlinfo(handle, RTLD_DI_LINKMAP, static_cast<void*>(&object)) == 0) name = object->l_name;
  ::dlclose(handle);
  return name;
}

// dlopen takes a path that equals a name of a loaded object for that object, whatever file is there now. So each version of a file
// is loaded under a spelling of its path that is free: "/dir/./node.so", "/dir/././node.so".
std::string free_spelling(const std::string& path, const FileIdentity& file) {
  const std::filesystem::path whole = std::filesystem::absolute(path);
  const std::string directory = whole.parent_path().string() + "/", name = whole.filename().string();
  std::string dots;
  while (true) {
    const std::string spelled = directory + dots + name;
    const std::string taken = loaded_as(spelled);
    if (taken.empty() || (taken != spelled && mapped(file))) return spelled;  // free, or this very file
    dots += "./";
  }
}

std::string replace_all(std::string text, const std::string& what, const std::string& by) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

// " (plugin::Thing::Thing())" for "... undefined symbol: _ZN6plugin5ThingC1Ev"; "" for what has no such name.
std::string readable_symbol(const std::string& message) {
  constexpr std::string_view kBefore = "undefined symbol: ";
  const size_t at = message.find(kBefore);
  if (at == std::string::npos) return {};
  const size_t begin = at + kBefore.size();
  const std::string symbol = message.substr(begin, message.find_first_of(", \n", begin) - begin);
  char* readable = abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, nullptr);
  if (readable == nullptr) return {};
  const std::string text = std::string(" (").append(readable).append(")");
  std::free(readable);
  return text;
}

// The one place where Boost.DLL is called. Its error code says nothing of the cause; dlerror still does.
Result<boost::dll::shared_library> open_library(const std::string& spelled, const std::string& path) {
  std::error_code failure;
  boost::dll::shared_library library(std::filesystem::path(spelled), failure,
                                     boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
  if (!failure) return library;
  const char* cause = ::dlerror();
  const std::string text = replace_all(cause != nullptr ? cause : failure.message(), spelled, path);
  return Error::invalid((text.starts_with(path) ? "" : path + ": ") + text + readable_symbol(text));
}

Result<PrivateCopy> copy_of(const ElfFile& file, PrivateCopies& copies) {
  if (file.looks_around_itself()) return Error::invalid("it looks for libraries beside itself ($ORIGIN)");
  return copies.copy(file.path(), file.descriptor());
}

Result<const tarsier_module*> query(const boost::dll::shared_library& library, const std::string& path) {
  void* symbol = ::dlsym(library.native(), TARSIER_MODULE_QUERY);
  if (symbol == nullptr) return Error::invalid(path + ": does not export " TARSIER_MODULE_QUERY);
  const auto function = reinterpret_cast<tarsier_module_query_fn>(symbol);
  const tarsier_module* module = function(TARSIER_ABI_MAJOR);
  if (module == nullptr) {
    return Error(TARSIER_UNSUPPORTED, path + ": " TARSIER_MODULE_QUERY "(" + std::to_string(TARSIER_ABI_MAJOR) +
                                          ") returned NULL: it does not speak this host's plugin ABI");
  }
  return module;
}

}  // namespace

Module::Module(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Module::~Module() = default;

Result<std::unique_ptr<Module>> Module::load(const std::string& path, PrivateCopies* copies) {
  auto file = ElfFile::open(path);
  if (!file) return std::move(file).error();
  auto note = read_note(*file);
  if (!note) return std::move(note).error();
  if (auto abi = check_abi(*note, path); !abi) return std::move(abi).error();

  auto impl = std::make_unique<Impl>();
  impl->path = path;
  impl->identity = file->identity();
  impl->note = std::move(note).value();
  if (copies != nullptr) {
    auto copy = copy_of(*file, *copies);
    if (copy) impl->copy = std::move(copy).value();
    if (!copy) impl->why_in_place = copy.error().message();
    if (auto same = file->unchanged(); !same) return std::move(same).error();
  }
  const std::string& mapped_path = impl->copy.path().empty() ? path : impl->copy.path();
  auto mapped_file = identify(mapped_path);
  if (!mapped_file) return std::move(mapped_file).error();
  impl->mapped_file = *mapped_file;
  impl->spelled = free_spelling(mapped_path, impl->mapped_file);
  auto library = open_library(impl->spelled, path);
  if (!library) return std::move(library).error();
  impl->library = std::move(library).value();
  auto module = query(impl->library, path);
  if (!module) return std::move(module).error();
  auto plugins = check_descriptor(*module, impl->note, path);
  if (!plugins) return std::move(plugins).error();
  impl->plugins = std::move(plugins).value();
  return std::unique_ptr<Module>(new Module(std::move(impl)));
}

const std::string& Module::path() const noexcept { return impl_->path; }
const FileIdentity& Module::identity() const noexcept { return impl_->identity; }
const FileIdentity& Module::mapped_file() const noexcept { return impl_->mapped_file; }
const std::string& Module::why_in_place() const noexcept { return impl_->why_in_place; }
const ModuleNote& Module::note() const noexcept { return impl_->note; }
const std::vector<const tarsier_plugin*>& Module::plugins() const noexcept { return impl_->plugins; }

const tarsier_plugin* Module::find(std::string_view id) const noexcept {
  const auto same = [id](const tarsier_plugin* plugin) { return id == plugin->id; };
  const auto found = std::find_if(impl_->plugins.begin(), impl_->plugins.end(), same);
  return found == impl_->plugins.end() ? nullptr : *found;
}

bool Module::damaged_by(const FileIdentity& file) const noexcept { return impl_->mapped_file.overwritten_by(file); }

bool Module::unload() {
  impl_->plugins.clear();
  impl_->library.unload();
  // The same spelling may meanwhile lead to a newer version that is loaded under another one.
  const bool gone = loaded_as(impl_->spelled) != impl_->spelled && !mapped(impl_->mapped_file);
  if (!gone) impl_->copy.keep();
  impl_->copy = {};
  return gone;
}

}  // namespace tarsier::loader

// Module: a plugin file that is loaded into this process, from the first look at its note to the proof that it is gone.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/loader/file_identity.hpp"
#include "core/loader/module_note.hpp"
#include "core/loader/private_copies.hpp"
#include "tarsier/abi/module.h"
#include "tarsier/result.hpp"

namespace tarsier::loader {

class Module {
 public:
  /// Reads the note, checks the ABI, loads (RTLD_NOW | RTLD_LOCAL), asks tarsier_module_query and checks the descriptor. An older
  /// version of the file may still be loaded from the same path: this is the new one, beside it. With `copies`, what is loaded is a
  /// copy of the bytes that were checked, where that can be made (why_in_place). The message says what is wrong with the file;
  /// nothing stays loaded then.
  static Result<std::unique_ptr<Module>> load(const std::string& path, PrivateCopies* copies = nullptr);
  ~Module();
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  /// The plugin file, as it was given to load().
  const std::string& path() const noexcept;
  const FileIdentity& identity() const noexcept;
  /// The file whose code runs: the private copy, or the plugin file itself.
  const FileIdentity& mapped_file() const noexcept;
  /// Why the plugin file itself is mapped although copies were asked for; "" otherwise.
  const std::string& why_in_place() const noexcept;
  const ModuleNote& note() const noexcept;
  /// In the order of the file; valid while the module is loaded.
  const std::vector<const tarsier_plugin*>& plugins() const noexcept;
  const tarsier_plugin* find(std::string_view id) const noexcept;
  /// The file that is mapped has other contents now, as `file` says of it: what runs may be damaged. Never true of a copy.
  bool damaged_by(const FileIdentity& file) const noexcept;

  /// Unloads, removes the copy, and looks whether the file is really unmapped. False: something in the process still holds it (a
  /// thread-local with a destructor, a unique symbol): its code stays in memory until the process ends. Nothing of the plugin may
  /// be called afterwards.
  bool unload();

 private:
  struct Impl;
  explicit Module(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tarsier::loader

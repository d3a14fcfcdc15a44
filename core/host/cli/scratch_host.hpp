// ScratchHost: a host in a temporary directory with no plugins of its own, in which instances are tried.
#pragma once

#include <filesystem>
#include <memory>

#include "core/host/host.hpp"

namespace tarsier::host::cli {

/// Removed with everything in it when it is destroyed.
class ScratchDirectory {
 public:
  static Result<ScratchDirectory> make();
  ScratchDirectory(ScratchDirectory&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ScratchDirectory& operator=(ScratchDirectory&&) = delete;
  ~ScratchDirectory();
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  explicit ScratchDirectory(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

class ScratchHost {
 public:
  static Result<std::unique_ptr<ScratchHost>> start();

  Rooms& rooms() { return host_->rooms(); }
  const std::filesystem::path& directory() const noexcept { return directory_.path(); }

  /// Creates and configures an instance by its checked section, and destroys it: what the plugin itself says of the configuration.
  Result<void> configure(InstanceSpec spec);

 private:
  ScratchHost(ScratchDirectory directory, std::unique_ptr<Host> host) : directory_(std::move(directory)), host_(std::move(host)) {}
  ScratchDirectory directory_;
  std::unique_ptr<Host> host_;
};

}  // namespace tarsier::host::cli

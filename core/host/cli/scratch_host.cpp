#include "core/host/cli/scratch_host.hpp"

#include <cstdlib>
#include <fstream>

#include "core/host/instance.hpp"

namespace tarsier::host::cli {

namespace fs = std::filesystem;

Result<ScratchDirectory> ScratchDirectory::make() {
  std::string pattern = (fs::temp_directory_path() / "tarsier-check-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr)
    return Error::unavailable("cannot make a directory in " + fs::temp_directory_path().string());
  return ScratchDirectory(pattern);
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;  // what is left is in the directory for temporary files
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

Result<std::unique_ptr<ScratchHost>> ScratchHost::start() {
  auto directory = ScratchDirectory::make();
  if (!directory) return std::move(directory).error();
  const fs::path config = directory->path() / "tarsier.toml";
  std::ofstream(config) << "[host]\ndata_dir = \"data\"\nlog.level = \"warn\"\nlog.format = \"text\"\n";
  HostOptions options;
  options.desired.config_file = config.string();
  options.watch = false;
  options.process = false;
  auto host = Host::start(std::move(options));
  if (!host) return std::move(host).error();
  return std::unique_ptr<ScratchHost>(new ScratchHost(std::move(*directory), std::move(*host)));
}

Result<void> ScratchHost::configure(InstanceSpec spec) {
  const Deadlines limits;
  const tarsier_plugin& plugin = *spec.plugin;
  auto instance = Instance::make(rooms(), std::move(spec), nullptr, plugin, {});
  Result<void> done = instance->create(limits.call);
  if (done) done = instance->configure(limits.call);
  if (instance->abandoned()) return done;
  auto destroyed = instance->destroy(limits.call);
  return done ? std::move(destroyed) : std::move(done);
}

}  // namespace tarsier::host::cli

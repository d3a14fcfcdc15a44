// One configuration of discover-file: the files that its patterns match, read again when they change.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "plugins/lib/discovery/findings.hpp"
#include "tarsier/config.hpp"
#include "tarsier/scheduler.hpp"

namespace tarsier::discover_file {

constexpr size_t kMaxFileBytes = size_t{16} << 20U;

struct Settings {
  std::string job_name;
  std::vector<std::string> patterns;  // of absolute paths, or as good as the host's configuration
  int64_t refresh_interval_ns = 0;
  std::string subject() const;
  bool operator==(const Settings&) const = default;
};

/// Of one file, with __meta_filepath. "file:line:column: what", or why it could not be read.
Result<std::vector<TargetLabels>> read_target_file(const std::string& path);

class FileUnit {
 public:
  using Settings = discover_file::Settings;
  using Context = discovery::Context;
  static Result<Settings> read(const Config& entry, const Config& plugin);

  FileUnit(Context& context, Settings settings)
      : host_(context.host), settings_(std::move(settings)), share_(context.findings, settings_.job_name) {}
  Result<void> start();
  void stop();
  void end() { share_.end(); }

 private:
  void refresh();

  const Host& host_;
  const Settings settings_;
  discovery::Share share_;
  std::mutex lock_;              // guards known_, and files are read under it: the last reading is the newest
  std::set<std::string> known_;  // files that there are
  std::vector<Watch> watches_;
  Timer timer_;
};

}  // namespace tarsier::discover_file

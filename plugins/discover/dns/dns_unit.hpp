// One configuration of discover-dns: names whose records are targets, looked up again and again.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "plugins/discover/dns/resolver.hpp"
#include "plugins/lib/discovery/findings.hpp"
#include "plugins/lib/discovery/rounds.hpp"
#include "tarsier/config.hpp"

namespace tarsier::discover_dns {

struct Settings {
  std::string job_name;
  std::vector<std::string> names;
  RecordType type = RecordType::srv;
  uint16_t port = 0;
  int64_t refresh_interval_ns = 0;
  std::string resolv_conf;
  std::string subject() const;
  /// The name of one of the names' targets, as a source.
  std::string source(const std::string& name) const;
  bool operator==(const Settings&) const = default;
};

/// Labels of what was found for a name, as the original gives them.
std::vector<TargetLabels> targets_of(const Settings& settings, const std::string& name, const Records& records);

class DnsUnit : public std::enable_shared_from_this<DnsUnit> {
 public:
  using Settings = discover_dns::Settings;
  struct Context : discovery::Context {
    using discovery::Context::Context;
    Resolver resolver;
  };
  static Result<Settings> read(const Config& entry, const Config& plugin);

  DnsUnit(Context& context, Settings settings)
      : context_(context), settings_(std::move(settings)), share_(context.findings, settings_.job_name) {}
  Result<void> start();
  void stop() { rounds_.stop(); }
  void end() { share_.end(); }

 private:
  void ask();
  void take(std::vector<Result<Records>> answers);

  Context& context_;
  const Settings settings_;
  discovery::Share share_;
  discovery::Rounds rounds_;
};

}  // namespace tarsier::discover_dns

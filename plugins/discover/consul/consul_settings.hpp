// One configuration of discover-consul, and the URLs that it asks.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "plugins/lib/discovery/http_options.hpp"

namespace tarsier::discover_consul {

struct Settings {
  std::string job_name;
  std::string scheme, server, path_prefix;
  std::string token;
  std::string datacenter, name_space, partition;
  std::string tag_separator;
  bool allow_stale = true;
  int64_t refresh_interval_ns = 0;
  std::vector<std::string> services;
  std::vector<std::string> tags;
  std::vector<std::pair<std::string, std::string>> node_meta;
  std::string filter, health_filter;
  discovery::HttpOptions http;
  bool operator==(const Settings&) const = default;

  /// Everything that decides what is found.
  std::string subject() const;
  /// Whether the catalog has to be asked which services there are.
  bool asks_catalog() const { return services.empty() || !tags.empty(); }
  /// Whether the service's instances are looked for.
  bool wants(const std::string& service, const std::vector<std::string>& its_tags) const;
};

/// INVALID with the place in the file.
Result<Settings> read_settings(const Config& entry);

/// What is asked; `index` is that of the answer before, 0 for the first: with it the server waits until something has changed.
std::string agent_url(const Settings& settings);
std::string catalog_url(const Settings& settings, uint64_t index);
std::string health_url(const Settings& settings, const std::string& service, uint64_t index);

/// How long the server may wait.
constexpr int64_t kWaitSeconds = 120;

}  // namespace tarsier::discover_consul

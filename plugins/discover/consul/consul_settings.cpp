#include "plugins/discover/consul/consul_settings.hpp"

#include <algorithm>

#include "plugins/lib/http/headers.hpp"

namespace tarsier::discover_consul {
namespace {

using discovery::percent_encode;

class Url {
 public:
  Url(const Settings& settings, std::string_view path)
      : text_(settings.scheme + "://" + settings.server + settings.path_prefix + "/v1/" + std::string(path)) {
    add_if_any("dc", settings.datacenter);
    add_if_any("ns", settings.name_space);
    add_if_any("partition", settings.partition);
  }
  void add(std::string_view name, std::string_view value) {
    text_.append(1, separator_).append(name).append(1, '=').append(percent_encode(value));
    separator_ = '&';
  }
  void add_if_any(std::string_view name, std::string_view value) {
    if (!value.empty()) add(name, value);
  }
  void add_watch(const Settings& settings, std::string_view filter, uint64_t index) {
    if (settings.allow_stale) add("stale", "");
    for (const auto& [name, value] : settings.node_meta) add("node-meta", name + ":" + value);
    add_if_any("filter", filter);
    if (index != 0) add("index", std::to_string(index));
    add("wait", std::to_string(kWaitSeconds) + "s");
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
  char separator_ = '?';
};

std::vector<std::string> strings(const Config& node) {
  std::vector<std::string> values;
  values.reserve(node.size());
  for (uint64_t i = 0; i < node.size(); ++i) values.push_back(node.at(i).string());
  return values;
}

Result<void> check(const Config& entry) {
  const std::string server = entry["server"].string(), prefix = entry["path_prefix"].string();
  if (!net::split_host_port(server)) return entry["server"].invalid("'" + server + "' is no server: expected host:port");
  if (!prefix.empty() && (prefix.front() != '/' || prefix.find_first_of("?# ") != std::string::npos))
    return entry["path_prefix"].invalid("'" + prefix + "' is no path");
  if (!net::is_valid_field("a", entry["token"].string()))
    return entry["token"].invalid("must not have line breaks or control bytes: it is sent as a header");
  for (uint64_t i = 0; i < entry["services"].size(); ++i)
    if (entry["services"].at(i).string().empty()) return entry["services"].at(i).invalid("the name of a service is empty");
  return {};
}

}  // namespace

std::string Settings::subject() const {
  Url url(*this, "");
  for (const std::string& tag : tags) url.add("tag", tag);
  for (const auto& [name, value] : node_meta) url.add("node-meta", name + ":" + value);
  url.add_if_any("filter", filter);
  url.add_if_any("health_filter", health_filter);
  if (tag_separator != ",") url.add("tag_separator", tag_separator);
  return "the services of " + url.take();
}

bool Settings::wants(const std::string& service, const std::vector<std::string>& its_tags) const {
  if (!services.empty() && std::find(services.begin(), services.end(), service) == services.end()) return false;
  return std::all_of(tags.begin(), tags.end(),
                     [&](const std::string& tag) { return std::find(its_tags.begin(), its_tags.end(), tag) != its_tags.end(); });
}

Result<Settings> read_settings(const Config& entry) {
  if (auto checked = check(entry); !checked) return std::move(checked).error();
  auto http = discovery::read_http_options(entry);
  if (!http) return std::move(http).error();
  Settings settings;
  settings.job_name = entry["job_name"].string();
  settings.scheme = entry["scheme"].string();
  settings.server = entry["server"].string();
  settings.path_prefix = entry["path_prefix"].string();
  while (settings.path_prefix.ends_with('/')) settings.path_prefix.pop_back();
  settings.token = entry["token"].string();
  settings.datacenter = entry["datacenter"].string();
  settings.name_space = entry["namespace"].string();
  settings.partition = entry["partition"].string();
  settings.tag_separator = entry["tag_separator"].string();
  settings.allow_stale = entry["allow_stale"].boolean();
  settings.refresh_interval_ns = entry["refresh_interval"].duration_ns();
  settings.services = strings(entry["services"]);
  settings.tags = strings(entry["tags"]);
  const Config meta = entry["node_meta"];
  for (uint64_t i = 0; i < meta.size(); ++i) settings.node_meta.emplace_back(meta.key_at(i), meta.at(i).string());
  settings.filter = entry["filter"].string();
  settings.health_filter = entry["health_filter"].string();
  settings.http = std::move(*http);
  return settings;
}

std::string agent_url(const Settings& settings) { return Url(settings, "agent/self").take(); }

std::string catalog_url(const Settings& settings, uint64_t index) {
  Url url(settings, "catalog/services");
  url.add_watch(settings, settings.filter, index);
  return url.take();
}

std::string health_url(const Settings& settings, const std::string& service, uint64_t index) {
  Url url(settings, "health/service/" + percent_encode(service));
  for (const std::string& tag : settings.tags) url.add("tag", tag);
  url.add_watch(settings, settings.health_filter, index);
  return url.take();
}

}  // namespace tarsier::discover_consul

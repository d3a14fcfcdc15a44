#include "plugins/forward/remote_write/settings.hpp"

#include <algorithm>
#include <set>

#include "plugins/lib/relabel/rule_config.hpp"
#include "tarsier/utf8.hpp"

namespace tarsier::forward {
namespace {

constexpr size_t kMaxNameBytes = 200;  // the name is a key of a table

Result<Labels> read_external_labels(const Config& table) {
  Labels labels;
  for (uint64_t i = 0; i < table.size(); ++i) {
    std::string name(table.key_at(i)), value = table.at(i).string();
    if (name.empty() || name == "__name__") return table.at(i).invalid("not a name for an external label");
    if (!is_utf8(name) || !is_utf8(value)) return table.at(i).invalid("expected UTF-8");
    if (!value.empty()) labels.emplace_back(std::move(name), std::move(value));
  }
  std::ranges::sort(labels);
  return labels;
}

Result<SendingConfig> read_sending(const Config& table) {
  SendingConfig out;
  const auto number = [&](const char* key) { return static_cast<uint64_t>(table[key].integer()); };
  out.capacity = number("capacity");
  out.min_shards = number("min_shards");
  out.max_shards = number("max_shards");
  out.max_samples_per_send = number("max_samples_per_send");
  out.batch_send_deadline_ns = table["batch_send_deadline"].duration_ns();
  out.min_backoff_ns = table["min_backoff"].duration_ns();
  out.max_backoff_ns = table["max_backoff"].duration_ns();
  out.retry_on_http_429 = table["retry_on_http_429"].boolean();
  out.sample_age_limit_ns = table["sample_age_limit"].duration_ns();
  if (out.min_shards > out.max_shards) return table["min_shards"].invalid("min_shards is above max_shards");
  if (out.min_backoff_ns > out.max_backoff_ns) return table["min_backoff"].invalid("min_backoff is above max_backoff");
  return out;
}

MetadataConfig read_metadata(const Config& table) {
  return {table["send"].boolean(), table["send_interval"].duration_ns(),
          static_cast<uint64_t>(table["max_samples_per_send"].integer())};
}

Result<EndpointSettings> read_endpoint(const Config& node) {
  EndpointSettings out;
  out.url = node["url"].string();
  if (!out.url.starts_with("http://") && !out.url.starts_with("https://"))
    return node["url"].invalid("expected an http:// or https:// URL");
  out.name = node["name"].present() ? node["name"].string() : shown_url(out.url);
  if (out.name.empty() || out.name.size() > kMaxNameBytes)
    return node["name"].invalid("a name has 1 to " + std::to_string(kMaxNameBytes) + " bytes");
  out.remote_timeout_ns = node["remote_timeout"].duration_ns();
  auto client = client_config::read_client_config(node);
  if (!client) return std::move(client).error();
  out.client = std::move(*client);
  out.message = node["protobuf_message"].string() == "prometheus.WriteRequest" ? Message::write_request : Message::request_v2;
  out.send_exemplars = node["send_exemplars"].boolean();
  out.send_native_histograms = node["send_native_histograms"].boolean();
  auto sending = read_sending(node["queue_config"]);
  if (!sending) return std::move(sending).error();
  out.sending = *sending;
  out.metadata = read_metadata(node["metadata_config"]);
  auto rules = relabel::read_rules(node["write_relabel_configs"]);
  if (!rules) return std::move(rules).error();
  out.write_relabel_configs = std::move(*rules);
  return out;
}

}  // namespace

std::string shown_url(std::string_view url) {
  if (const size_t scheme = url.find("://"); scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find_first_of("?#"));
  if (const size_t user = url.substr(0, url.find('/')).rfind('@'); user != std::string_view::npos) url.remove_prefix(user + 1);
  return std::string(url);
}

Result<Settings> read_settings(const Config& table) {
  Settings out;
  out.max_queue_bytes = table["max_queue_size"].size_bytes();
  out.max_queue_age_ns = table["max_queue_age"].duration_ns();
  auto external = read_external_labels(table["external_labels"]);
  if (!external) return std::move(external).error();
  std::set<std::string> names;
  const Config list = table["endpoint"];
  if (list.size() == 0) return table.invalid("expected at least one endpoint: [[plugin.remote-write.endpoint]]");
  for (uint64_t i = 0; i < list.size(); ++i) {
    auto endpoint = read_endpoint(list.at(i));
    if (!endpoint) return std::move(endpoint).error();
    endpoint->external_labels = *external;
    endpoint->max_age_ns = out.max_queue_age_ns;
    if (!names.insert(endpoint->name).second)
      return list.at(i).invalid("the endpoint '" + endpoint->name + "' is there twice: give each a name");
    out.endpoints.push_back(std::move(*endpoint));
  }
  return out;
}

}  // namespace tarsier::forward

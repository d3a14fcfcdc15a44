// Settings: the plugin's table, checked. The keys keep Prometheus' names.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "plugins/lib/client_config/client_config.hpp"
#include "plugins/lib/relabel/rule.hpp"

namespace tarsier::forward {

/// What a request carries: remote write 1.0 and 2.0.
enum class Message : uint8_t { write_request, request_v2 };

using Labels = std::vector<std::pair<std::string, std::string>>;

struct SendingConfig {
  uint64_t capacity = 10'000;  // samples that wait in memory, of a shard
  uint64_t min_shards = 1;
  uint64_t max_shards = 50;
  uint64_t max_samples_per_send = 2'000;
  int64_t batch_send_deadline_ns = 5'000'000'000;
  int64_t min_backoff_ns = 30'000'000;
  int64_t max_backoff_ns = 5'000'000'000;
  bool retry_on_http_429 = true;
  int64_t sample_age_limit_ns = 0;  // 0: none
  bool operator==(const SendingConfig&) const = default;
};

struct MetadataConfig {
  bool send = true;
  int64_t send_interval_ns = 60'000'000'000;
  uint64_t max_samples_per_send = 2'000;
  bool operator==(const MetadataConfig&) const = default;
};

struct EndpointSettings {
  std::string name;  // unique; the cursor goes by it
  std::string url;
  int64_t remote_timeout_ns = 30'000'000'000;
  client_config::ClientConfig client;
  Message message = Message::write_request;
  bool send_exemplars = false;
  bool send_native_histograms = false;
  SendingConfig sending;
  MetadataConfig metadata;
  Labels external_labels;                            // of the plugin's table, sorted by name
  std::vector<relabel::Rule> write_relabel_configs;  // of what is sent, external labels among it
  int64_t max_age_ns = 0;                            // of the queue; 0: any
  bool operator==(const EndpointSettings&) const = default;
};

struct Settings {
  uint64_t max_queue_bytes = 0;
  int64_t max_queue_age_ns = 0;
  std::vector<EndpointSettings> endpoints;
};

/// INVALID with the place in the file.
Result<Settings> read_settings(const Config& table);

/// "10.0.0.1:9090/api/v1/write" of "http://user:secret@10.0.0.1:9090/api/v1/write?key=secret": what may be shown.
std::string shown_url(std::string_view url);

}  // namespace tarsier::forward

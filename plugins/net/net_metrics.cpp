// NetMetrics: counters of the host's registry, fed from the server's own counts.
#include "plugins/net/net_metrics.hpp"

#include <utility>

namespace tarsier::net {
namespace {

/// Adds what a count has grown by.
void follow(const Counter& counter, uint64_t now, uint64_t& before) {
  counter.add(static_cast<double>(now - std::exchange(before, now)));
}

}  // namespace

void NetMetrics::add_entrypoint(const std::string& name, std::shared_ptr<const EntrypointStats> stats) {
  const tarsier_pair label = field("entrypoint", name);
  Entry entry;
  entry.stats = std::move(stats);
  entry.duration =
      Histogram(host_, "tarsier_http_request_duration_seconds", "Time from a request's header to the end of its answer.",
                {0.001, 0.005, 0.025, 0.1, 0.5, 1, 5, 30, 120}, {label});
  entry.connections = Gauge(host_, "tarsier_http_connections", "Open connections.", {label});
  entry.refused = Counter(host_, "tarsier_http_refused_connections_total", "Connections refused over max_connections.", {label});
  entry.received = Counter(host_, "tarsier_http_received_bytes_total", "Bytes received, without TLS.", {label});
  entry.sent = Counter(host_, "tarsier_http_sent_bytes_total", "Bytes sent, without TLS.", {label});
  entry.http2 = Counter(host_, "tarsier_http2_connections_total", "Connections that spoke HTTP/2.", {label});
  entry.floods = Counter(host_, "tarsier_http2_flooded_connections_total",
                         "Connections of HTTP/2 that were ended for too many frames that lead nowhere.", {label});
  const std::lock_guard lock(entries_mutex_);
  entries_[name] = std::move(entry);
}

void NetMetrics::finished(const std::string& entrypoint, const RequestRecord& record) {
  const std::lock_guard lock(entries_mutex_);
  const auto found = entries_.find(entrypoint);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  auto counter = entry.requests.find(record.code);
  if (counter == entry.requests.end()) {
    const std::string code = std::to_string(record.code);
    counter = entry.requests
                  .emplace(record.code,
                           Counter(host_, "tarsier_http_requests_total", "Requests by status code; 499: the client left before.",
                                   {field("entrypoint", entrypoint), field("code", code)}))
                  .first;
  }
  counter->second.add();
  entry.duration.observe(std::chrono::duration<double>(record.duration).count());
}

void NetMetrics::certificate(const std::string& entrypoint, int64_t expires_at) {
  Gauge(host_, "tarsier_http_certificate_expiry_timestamp_seconds", "When the certificate in use stops being valid.",
        {field("entrypoint", entrypoint)})
      .set(static_cast<double>(expires_at));
}

void NetMetrics::refresh(const ClientStats& client) {
  const std::lock_guard lock(entries_mutex_);
  for (auto& [name, entry] : entries_) {
    entry.connections.set(static_cast<double>(entry.stats->connections.load()));
    follow(entry.refused, entry.stats->refused.load(), entry.refused_before);
    follow(entry.received, entry.stats->received_bytes.load(), entry.received_before);
    follow(entry.sent, entry.stats->sent_bytes.load(), entry.sent_before);
    follow(entry.http2, entry.stats->http2_connections.load(), entry.http2_before);
    follow(entry.floods, entry.stats->http2_floods.load(), entry.floods_before);
  }
  if (!std::exchange(client_known_, true)) {
    client_opened_ = Counter(host_, "tarsier_http_client_connections_total", "Connections opened to other servers.");
    client_reused_ = Counter(host_, "tarsier_http_client_reused_total", "Calls that went over a connection that was open already.");
    client_idle_ = Gauge(host_, "tarsier_http_client_idle_connections", "Connections kept open for later calls.");
  }
  follow(client_opened_, client.opened.load(), opened_before_);
  follow(client_reused_, client.reused.load(), reused_before_);
  client_idle_.set(static_cast<double>(client.idle.load()));
}

}  // namespace tarsier::net

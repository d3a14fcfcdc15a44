// What net counts about itself, by entrypoint.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "plugins/lib/http/client.hpp"
#include "plugins/lib/http/server.hpp"
#include "tarsier/metrics.hpp"

namespace tarsier::net {

/// Thread-safe.
class NetMetrics {
 public:
  explicit NetMetrics(const Host& host) : host_(host) {}

  void add_entrypoint(const std::string& name, std::shared_ptr<const EntrypointStats> stats);
  void finished(const std::string& entrypoint, const RequestRecord& record);
  void certificate(const std::string& entrypoint, int64_t expires_at);
  /// Takes over what the server and the client count for themselves; before the metrics are read.
  void refresh(const ClientStats& client);

 private:
  struct Entry {
    std::shared_ptr<const EntrypointStats> stats;
    std::map<uint32_t, Counter> requests;  // by status code
    Histogram duration;
    Gauge connections;
    Counter refused;
    Counter received;
    Counter sent;
    Counter http2;
    Counter floods;
    uint64_t refused_before = 0;
    uint64_t received_before = 0;
    uint64_t sent_before = 0;
    uint64_t http2_before = 0;
    uint64_t floods_before = 0;
  };
  const Host& host_;
  std::mutex entries_mutex_;
  std::map<std::string, Entry, std::less<>> entries_;
  Counter client_opened_;
  Counter client_reused_;
  Gauge client_idle_;
  uint64_t opened_before_ = 0;
  uint64_t reused_before_ = 0;
  bool client_known_ = false;
};

}  // namespace tarsier::net

// Entry: one name of the configuration over the life of the host: the instance that carries it now, and what happened before.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/host/backoff.hpp"
#include "core/host/instance.hpp"

namespace tarsier::host {

struct Entry {
  explicit Entry(InstanceSpec first) : spec(std::move(first)), backoff(spec.name) {}

  InstanceSpec spec;
  std::shared_ptr<Instance> instance;  ///< nullptr: refused, disabled, or could not be made
  uint64_t order = 0;                  ///< place in the start order
  // Without an instance:
  State state = State::discovered;
  std::string reason;
  int64_t since_ns = 0;

  Backoff backoff;
  uint64_t restarts = 0;
  std::optional<std::chrono::steady_clock::time_point> restart_at;
  std::chrono::steady_clock::time_point started_at{};

  bool running() const { return instance != nullptr && instance->started(); }
};

/// A copy for those who show it; holds nothing of the plugin.
struct EntryView {
  std::string name;
  std::string plugin;
  std::string version;
  std::string file;
  std::string summary;
  std::vector<std::string> kinds, needs, offers;
  State state = State::discovered;
  std::string reason;
  bool file_refused = false;  ///< the file on disk; an earlier version of it runs
  int64_t since_ns = 0;
  uint64_t restarts = 0;
  // Of the instance that runs now; 0 without one.
  int64_t cpu_ns = 0;
  uint64_t calls = 0, failures = 0, overruns = 0, in_flight = 0, queue_length = 0, dropped = 0, malformed = 0;
  uint32_t interval_factor = 1;
  std::array<uint64_t, LatencyHistogram::kBuckets> call_counts{};
  double call_seconds = 0;
};

}  // namespace tarsier::host

// Workspace: the memory that reading a request needs, kept from request to request.
#pragma once

#include <memory>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/collect/remote_write_receiver/series_rows.hpp"

namespace tarsier::remote_write {

struct Workspace {
  batch::SamplesBuilder builder;
  SeriesRows rows;
  HistogramMessage histogram;
  std::vector<uint8_t> message;  // decompressed
  std::vector<uint8_t> labels;   // of one series, as a flat set
  std::vector<batch::Label> pairs;
  // of version 2
  std::vector<std::string_view> symbols;
  std::vector<uint32_t> numbers;  // of each symbol: the builder's, once it was asked for
  std::vector<protobuf::Bytes> series;
  std::vector<uint32_t> refs;  // of one series: name, value, name, value, ...
  std::vector<std::pair<uint32_t, uint32_t>> sorted;
  std::vector<uint32_t> exemplar_refs;  // of one exemplar
};

/// Spare workspaces, a few. Thread-safe; outlives what take() gives.
class Workspaces {
 public:
  struct GiveBack {
    Workspaces* to;
    void operator()(Workspace* workspace) const { to->give_back(std::unique_ptr<Workspace>(workspace)); }
  };
  using Lease = std::unique_ptr<Workspace, GiveBack>;

  /// One with an empty builder.
  Lease take() {
    const std::lock_guard lock(mutex_);
    if (spare_.empty()) return {new Workspace, {this}};
    Lease workspace(spare_.back().release(), {this});
    spare_.pop_back();
    return workspace;
  }

 private:
  static constexpr size_t kMost = 4;
  static constexpr uint64_t kLargest = 4 << 20;

  /// One that has grown large is let go.
  void give_back(std::unique_ptr<Workspace> workspace) {
    if (workspace->message.capacity() > kLargest || workspace->builder.sample_count() > kLargest / sizeof(double)) return;
    workspace->builder.clear();
    const std::lock_guard lock(mutex_);
    if (spare_.size() < kMost) spare_.push_back(std::move(workspace));
  }
  std::mutex mutex_;
  std::vector<std::unique_ptr<Workspace>> spare_;
};

}  // namespace tarsier::remote_write

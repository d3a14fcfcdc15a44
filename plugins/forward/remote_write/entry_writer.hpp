// EntryWriter: from a batch of the queue to the requests of an endpoint's shards.
#pragma once

#include <deque>

#include "plugins/forward/remote_write/endpoint_metrics.hpp"
#include "plugins/forward/remote_write/metadata_book.hpp"
#include "plugins/forward/remote_write/outgoing_labels.hpp"
#include "plugins/forward/remote_write/queue_entry.hpp"
#include "plugins/forward/remote_write/shard.hpp"

namespace tarsier::forward {

using Shards = std::deque<Shard>;

/// Keeps memory from batch to batch. For one thread.
class EntryWriter {
 public:
  /// All outlive it.
  EntryWriter(const EndpointSettings& settings, const EndpointMetrics& metrics, MetadataBook& metadata)
      : settings_(settings),
        metrics_(metrics),
        metadata_(metadata),
        labels_(settings.external_labels, settings.write_relabel_configs) {}

  /// Puts what the shards want of it into their requests.
  void write(const QueueEntry& entry, Shards& shards, int64_t now_ns, int64_t mono_ns);

 private:
  struct Series;
  void order_exemplars(const batch::ExemplarsView& exemplars);
  void write_series(Series& series);
  void write_row(Series& series, uint32_t row, const Position& at);
  void write_exemplar(Series& series, size_t exemplar, const Position& at);
  bool left_out(const Series& series, int64_t time_ns, const Position& at);
  bool too_old(int64_t time_ns, int64_t now_ns) const noexcept {
    return settings_.sending.sample_age_limit_ns > 0 && time_ns < now_ns - settings_.sending.sample_age_limit_ns;
  }
  void drop(Drop why) const { metrics_.dropped(why, 1); }

  const EndpointSettings& settings_;
  const EndpointMetrics& metrics_;
  MetadataBook& metadata_;
  OutgoingLabels labels_;
  NativeHistogram histogram_;
  std::vector<uint32_t> exemplar_order_;  // of the batch, by series
  std::vector<batch::Label> exemplar_labels_;
};

}  // namespace tarsier::forward

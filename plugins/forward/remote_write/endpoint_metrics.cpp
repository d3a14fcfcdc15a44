#include "plugins/forward/remote_write/endpoint_metrics.hpp"

#include <string>

namespace tarsier::forward {
namespace {

Counter counter(const Host& host, std::string_view what, std::string_view help, std::string_view endpoint) {
  return {host, "tarsier_remote_write_" + std::string(what) + "_total", help, {field("endpoint", endpoint)}};
}
Gauge gauge(const Host& host, std::string_view what, std::string_view help, std::string_view endpoint) {
  return {host, "tarsier_remote_write_" + std::string(what), help, {field("endpoint", endpoint)}};
}

constexpr const char* kReasons[kDrops] = {
    "queue_limit", "too_old", "labels", "dropped_series", "histogram", "native_histograms_off", "nhcb_in_rw1_not_supported"};

}  // namespace

EndpointMetrics::ByKind::ByKind(const Host& host, std::string_view what, std::string_view help, std::string_view endpoint)
    : samples(counter(host, std::string(what) + "_samples", "Samples " + std::string(help), endpoint)),
      histograms(counter(host, std::string(what) + "_histograms", "Native histograms " + std::string(help), endpoint)),
      exemplars(counter(host, std::string(what) + "_exemplars", "Exemplars " + std::string(help), endpoint)) {}

void EndpointMetrics::ByKind::add(const RequestCounts& counts) const {
  samples.add(static_cast<double>(counts.samples));
  histograms.add(static_cast<double>(counts.histograms));
  exemplars.add(static_cast<double>(counts.exemplars));
}

EndpointMetrics::EndpointMetrics(const Host& host, std::string_view endpoint)
    : metadata_sent(counter(host, "sent_metadata", "Metadata of metric families that was sent in requests of its own.", endpoint)),
      metadata_failed(
          counter(host, "failed_metadata", "Metadata that could not be sent; it is sent again in its next turn.", endpoint)),
      metadata_left_out(counter(host, "left_out_metadata",
                                "Times that metadata of a metric family was not remembered, because too much of it is.", endpoint)),
      pending(gauge(host, "pending_samples", "Samples that are not sent yet, in the queue or in memory.", endpoint)),
      shards(gauge(host, "shards", "Requests that may be under way at a time.", endpoint)),
      shards_desired(gauge(host, "shards_desired", "How many shards there should be, by what comes and what waits.", endpoint)),
      shards_min(gauge(host, "shards_min", "min_shards.", endpoint)),
      shards_max(gauge(host, "shards_max", "max_shards.", endpoint)),
      highest_sent_seconds(gauge(host, "highest_sent_timestamp_seconds", "The newest time of a sample that was sent.", endpoint)),
      sent_(host, "sent", "that a receiver has taken.", endpoint),
      failed_(host, "failed", "that a receiver has refused for good.", endpoint),
      retried_(host, "retried", "in requests that were sent again.", endpoint),
      bytes_(counter(host, "sent_bytes", "Bytes of requests that were taken, compressed.", endpoint)),
      request_seconds_(host, "tarsier_remote_write_request_duration_seconds", "How long requests took.",
                       {0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30}, {field("endpoint", endpoint)}) {
  for (size_t i = 0; i < kDrops; ++i)
    dropped_[i] = Counter(host, "tarsier_remote_write_dropped_samples_total",
                          "Samples, histograms and exemplars that were not sent, by reason.",
                          {field("endpoint", endpoint), field("reason", kReasons[i])});
}

void EndpointMetrics::sent(const RequestCounts& counts, uint64_t body_bytes, double seconds) const {
  sent_.add(counts);
  bytes_.add(static_cast<double>(body_bytes));
  request_seconds_.observe(seconds);
}
void EndpointMetrics::refused(const RequestCounts& counts) const { failed_.add(counts); }
void EndpointMetrics::retried(const RequestCounts& counts) const { retried_.add(counts); }

}  // namespace tarsier::forward

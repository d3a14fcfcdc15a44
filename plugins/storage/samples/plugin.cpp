// The plugin `samples`: takes batches from the topic "samples", keeps them durably, answers queries (tarsier.samples.store/1).
#include "tarsier/plugin.hpp"

#include <array>
#include <memory>
#include <utility>

#include "service.hpp"
#include "tarsier/bus.hpp"
#include "tarsier/metrics.hpp"
#include "tarsier/scheduler.hpp"
#include "tarsier/stop_notice.hpp"
#include "tiers.hpp"

namespace tarsier::samples {
namespace {

constexpr uint64_t kQueueBytes = 32 << 20;
constexpr int64_t kSealDeadlineNs = 10 * kMinuteNs;
constexpr int64_t kMergeDeadlineNs = 6 * kHourNs;  // of a pass: a day of a large store is written again

/// A counter of the store and the metric that shows it.
struct ShownCounter {
  const std::atomic<uint64_t>* source;
  Counter metric;
  uint64_t shown = 0;
};

struct ShownTier {
  int64_t every_ns = 0;
  Gauge partitions, bytes;
};

class SamplesPlugin final : public Plugin {
 public:
  using Plugin::Plugin;

  Result<void> configure(const Config& config) override {
    options_.out_of_order_window_ns = config["out_of_order_window"].duration_ns();
    options_.future_limit_ns = config["future_limit"].duration_ns();
    options_.partition_window_ns = config["partition_window"].duration_ns();
    options_.seal_delay_ns = config["seal_delay"].duration_ns();
    options_.journal_bytes = config["journal_size"].size_bytes();
    options_.merge_to_ns = config["merge_to"].duration_ns();
    options_.retention_ns = config["retention"].duration_ns();
    options_.retention_bytes = config["retention_size"].size_bytes();
    options_.tiers.clear();
    for (uint64_t i = 0; i < config["tier"].size(); ++i) {
      const Config tier = config["tier"].at(i);
      options_.tiers.push_back({tier["every"].duration_ns(), tier["retention"].duration_ns()});
    }
    if (auto checked = check_tiers(options_); !checked) return config["tier"].invalid(checked.error().message());
    options_.max_series = static_cast<uint64_t>(config["max_series"].integer());
    options_.max_series_per_metric = static_cast<uint64_t>(config["max_series_per_metric"].integer());
    options_.max_series_per_job = static_cast<uint64_t>(config["max_series_per_job"].integer());
    options_.max_exemplars = static_cast<uint64_t>(config["max_exemplars"].integer());
    options_.max_labels = static_cast<uint64_t>(config["max_labels"].integer());
    options_.max_label_bytes = config["max_label_size"].size_bytes();
    return {};
  }

  Result<void> start() override {
    auto store = std::make_unique<Store>(host(), options_, [this](uint64_t count, const std::function<void(uint64_t)>& run) {
      tarsier::parallel_for(host(), count, run);
    });
    if (auto opened = store->open(); !opened) return opened;
    store_ = std::move(store);
    service_ = std::make_unique<StoreService>(*store_, [this] { return host().now_ns(); });
    make_metrics();
    auto timer = every(host(),
                       {.name = "samples seal and retention",
                        .interval_ns = kMinuteNs,
                        .deadline_ns = kSealDeadlineNs,
                        .priority = TARSIER_PRIORITY_LOW},
                       [this] {
                         show_sizes();
                         maintain();
                         merge_segments();
                       });
    if (!timer) return abandon(std::move(timer).error());
    timer_ = std::move(*timer);
    auto merging = every(
        host(),
        {.name = "samples merge", .interval_ns = 5 * kMinuteNs, .deadline_ns = kMergeDeadlineNs, .priority = TARSIER_PRIORITY_LOW},
        [this] { merge(); });
    if (!merging) return abandon(std::move(merging).error());
    merge_timer_ = std::move(*merging);
    auto shown = every(host(), {.name = "samples metrics", .interval_ns = 10 * kSecondNs}, [this] {
      (void)store_->open_again(host().now_ns());
      show();
    });
    if (!shown) return abandon(std::move(shown).error());
    show_timer_ = std::move(*shown);
    // The host waits for what runs before it calls stop(), and a merge may run for long.
    auto notice = StopNotice::ask(host(), "samples stop", [this] { store_->cancel_merge(); });
    if (!notice) return abandon(std::move(notice).error());
    stop_notice_ = std::move(*notice);
    auto subscription = subscribe_required(host(), TARSIER_TOPIC_SAMPLES, kQueueBytes,
                                           [this](const Batch& batch, Delivery delivery) { take(batch, delivery); });
    if (!subscription) return abandon(std::move(subscription).error());
    subscription_ = std::move(*subscription);
    host().ok();
    show();
    // Not now: nobody waits for it, but for the start.
    auto first_sizes = after(host(), "samples sizes", 0, [this] { show_sizes(); });
    if (!first_sizes) return abandon(std::move(first_sizes).error());
    first_sizes_timer_ = std::move(*first_sizes);
    return {};
  }

  Result<void> stop(int64_t /*deadline_ns*/) override {
    close();
    return {};
  }

  const void* service(std::string_view name) override {
    return name == TARSIER_SAMPLES_STORE_SERVICE && service_ != nullptr ? service_->table() : nullptr;
  }

 private:
  void close() {
    stop_notice_.reset();
    store_->cancel_merge();
    subscription_.reset();
    timer_.reset();
    merge_timer_.reset();
    show_timer_.reset();
    first_sizes_timer_.reset();
    service_.reset();
    counters_.clear();
    tiers_.clear();
    store_.reset();  // waits for the journal entries in flight
  }

  Result<void> abandon(Error error) {
    close();
    return error;
  }

  void take(const Batch& batch, Delivery delivery) {
    flush_if_wanted();
    const Ingest::Done done = [delivery](Result<void> outcome) {
      if (outcome) {
        delivery.complete();
      } else {
        delivery.fail(outcome.error());
      }
    };
    store_->take(batch.view(), host().now_ns(), done, delivery.unhurried());
  }

  /// Between two turns of the timer: memory and journal must not grow for a minute under a heavy load.
  void flush_if_wanted() {
    if (!store_->flush_wanted() || maintaining_.exchange(true)) return;
    const Post job = {.name = "samples flush", .priority = TARSIER_PRIORITY_LOW, .deadline_ns = kSealDeadlineNs};
    auto posted = post(host(), job, [this] {
      maintain();
      maintaining_ = false;
      merge_segments();  // the next flush does not wait for it
    });
    if (posted) return;
    maintaining_ = false;
    host().warn("a flush could not be started; the timer will do it", {field("error", posted.error().message())});
  }

  void maintain() { note_failure(maintenance_failed_, "a flush or sealing", store_->maintain(host().now_ns())); }
  void merge() { note_failure(merging_failed_, "merging", store_->merge(host().now_ns())); }
  void merge_segments() { note_failure(segment_merging_failed_, "merging of segments", store_->merge_segments()); }

  /// Keeps what failed last, for the health that show_health() tells.
  void note_failure(std::string& failure, std::string_view what, const Result<void>& done) {
    std::string message = done ? std::string() : std::string(what) + " failed: " + done.error().message();
    if (!done) host().error(std::string(what) + " failed; it is tried again", {field("error", done.error().message())});
    const std::scoped_lock lock(failures_mutex_);
    failure = std::move(message);
  }

  void show_health() {
    std::string message;
    std::array<size_t, 2> counts{};  // damaged, and not to be opened now
    std::array<std::string, 2> last;
    for (const SetAside& one : store_->set_aside()) {
      ++counts[one.unopened];
      last[one.unopened] = one.text();
    }
    set_aside_.set(static_cast<double>(counts[0]));
    unopened_.set(static_cast<double>(counts[1]));
    for (const size_t unopened : {0U, 1U}) {
      if (counts[unopened] == 0) continue;
      message.append(message.empty() ? "" : "; ")
          .append(unopened == 0 ? "environments that are set aside: " : "environments that are tried again: ")
          .append(std::to_string(counts[unopened]) + ", the last: " + last[unopened]);
    }
    const uint64_t failures = store_->counters().commit_failures;
    if (std::exchange(commit_failures_shown_, failures) != failures)
      message.append(message.empty() ? "" : "; ").append("samples are not taken: they cannot be committed, see who sent them");
    for (const Damage::Note& note : store_->damage().notes())
      message.append(message.empty() ? "" : "; ").append(note.name + " is damaged: " + note.reason);
    {
      const std::scoped_lock lock(failures_mutex_);
      for (const std::string* failure : {&maintenance_failed_, &merging_failed_, &segment_merging_failed_}) {
        if (!failure->empty()) message.append(message.empty() ? "" : "; ").append(*failure);
      }
    }
    if (message == health_) return;
    health_ = message;
    if (message.empty()) {
      host().ok();
    } else {
      host().degraded(message);
    }
  }

  void show_counter(const std::atomic<uint64_t>& source, Counter metric) { counters_.push_back({&source, metric, 0}); }

  void make_metrics() {
    Counters& counts = store_->counters();
    counters_.clear();
    const auto refused = [&](std::string_view reason) {
      return Counter(host(), "tarsier_samples_refused_total", "Samples that were refused, by reason.", {field("reason", reason)});
    };
    show_counter(counts.appended, Counter(host(), "tarsier_samples_appended_total", "Samples taken into the store."));
    show_counter(counts.out_of_order, Counter(host(), "tarsier_samples_out_of_order_total", "Of the samples taken: out of order."));
    show_counter(counts.duplicates, Counter(host(), "tarsier_samples_duplicate_total", "Samples that were there already."));
    show_counter(counts.refused_conflict, refused("conflict"));
    show_counter(counts.refused_too_old, refused("out_of_order"));
    show_counter(counts.refused_future, refused("future"));
    show_counter(counts.refused_series_limit, refused("series_limit"));
    show_counter(counts.refused_metric_limit, refused("metric_limit"));
    show_counter(counts.refused_job_limit, refused("job_limit"));
    show_counter(counts.refused_labels, refused("labels"));
    show_counter(counts.refused_histogram, refused("histogram"));
    make_exemplar_metrics();
    show_counter(counts.commit_failures,
                 Counter(host(), "tarsier_samples_commit_failures_total", "Batches that could not be committed."));
    show_counter(counts.flushes, Counter(host(), "tarsier_samples_flushes_total", "Times that memory was moved to the disk."));
    show_counter(counts.flush_failures, Counter(host(), "tarsier_samples_flush_failures_total", "Of these: times that it failed."));
    show_counter(counts.seal_failures, Counter(host(), "tarsier_samples_seal_failures_total", "Windows that could not be sealed."));
    show_counter(counts.sealed_partitions, Counter(host(), "tarsier_samples_sealed_partitions_total", "Partitions made."));
    show_counter(counts.merged_partitions,
                 Counter(host(), "tarsier_samples_merged_partitions_total", "Partitions made of others."));
    show_counter(counts.merged_segments, Counter(host(), "tarsier_samples_merged_segments_total", "Head segments made of others."));
    show_counter(counts.summed_partitions,
                 Counter(host(), "tarsier_samples_summed_partitions_total", "Partitions of tiers made of finer ones."));
    show_counter(counts.removed_partitions,
                 Counter(host(), "tarsier_samples_removed_partitions_total", "Partitions removed by retention."));
    show_counter(counts.removed_unsummed_partitions,
                 Counter(host(), "tarsier_samples_removed_unsummed_partitions_total",
                         "Of these: without the summaries that a tier was to have, for which the disk had no room."));
    show_counter(counts.cut_metadata, Counter(host(), "tarsier_samples_cut_metadata_total",
                                              "Metadata of which the help or unit was too long and was cut."));
    show_counter(counts.dropped_metadata, Counter(host(), "tarsier_samples_dropped_metadata_total",
                                                  "Metadata for which there was no room beside that of other metrics."));
    show_counter(counts.selects, Counter(host(), "tarsier_samples_selects_total", "Selects answered."));
    head_series_ = Gauge(host(), "tarsier_samples_head_series", "Series with samples in memory.");
    head_bytes_ = Gauge(host(), "tarsier_samples_head_bytes", "Memory of the samples that are not sealed, and of their index.");
    segments_ = Gauge(host(), "tarsier_samples_segments", "Head segments: what is not in memory and not in a partition yet.");
    partitions_ = Gauge(host(), "tarsier_samples_partitions", "Sealed partitions.");
    tiers_.clear();
    for (const Tier& tier : options_.tiers) {
      const std::string every = span_text(static_cast<uint64_t>(tier.every_ns));
      tiers_.push_back(
          {tier.every_ns,
           Gauge(host(), "tarsier_samples_tier_partitions", "Partitions of summaries, by their interval.", {field("tier", every)}),
           Gauge(host(), "tarsier_samples_tier_bytes", "Their bytes on the disk.", {field("tier", every)})});
    }
    set_aside_ = Gauge(host(), "tarsier_samples_quarantined_partitions", "Segments and partitions that are damaged and set aside.");
    unopened_ = Gauge(host(), "tarsier_samples_unopened_partitions",
                      "Segments and partitions that cannot be opened now and are tried again.");
    lost_records_ = Gauge(host(), "tarsier_samples_lost_records",
                          "Records of journals, catalogs, logs and deletions that could not be read at the start.");
    disk_bytes_ = Gauge(host(), "tarsier_samples_disk_bytes", "Bytes on the disk: journal, partitions and what belongs to them.");
  }

  void make_exemplar_metrics() {
    Counters& counts = store_->counters();
    const auto refused = [&](std::string_view reason) {
      return Counter(host(), "tarsier_samples_exemplars_refused_total", "Exemplars that were refused, by reason.",
                     {field("reason", reason)});
    };
    show_counter(counts.exemplars_appended, Counter(host(), "tarsier_samples_exemplars_appended_total", "Exemplars taken."));
    show_counter(counts.exemplars_duplicate,
                 Counter(host(), "tarsier_samples_exemplars_duplicate_total", "Exemplars that were there already."));
    show_counter(counts.exemplars_refused_out_of_order, refused("out_of_order"));
    show_counter(counts.exemplars_refused_future, refused("future"));
    show_counter(counts.exemplars_refused_labels, refused("labels"));
    show_counter(counts.exemplars_refused_disabled, refused("disabled"));
    exemplars_ = Gauge(host(), "tarsier_samples_exemplars", "Exemplars that are kept.");
    exemplar_bytes_ = Gauge(host(), "tarsier_samples_exemplar_bytes", "Memory of the exemplars.");
  }

  void show() {
    show_health();
    for (ShownCounter& counter : counters_) {
      const uint64_t now = counter.source->load(std::memory_order_relaxed);
      counter.metric.add(static_cast<double>(now - std::exchange(counter.shown, now)));
    }
  }

  /// Walks the whole head, so it is done each minute only.
  void show_sizes() {
    const auto stat = store_->stat();
    if (!stat) return host().warn("the store's size is not known", {field("error", stat.error().message())});
    head_series_.set(static_cast<double>(stat->head.series));
    head_bytes_.set(static_cast<double>(stat->head.memory_bytes));
    exemplars_.set(static_cast<double>(stat->exemplars));
    exemplar_bytes_.set(static_cast<double>(stat->exemplar_bytes));
    segments_.set(static_cast<double>(stat->segments));
    partitions_.set(static_cast<double>(stat->partitions));
    lost_records_.set(static_cast<double>(stat->lost_records));
    disk_bytes_.set(static_cast<double>(stat->journal_bytes + stat->log_bytes + stat->segment_bytes + stat->partition_bytes +
                                        stat->tier_bytes));
    for (ShownTier& tier : tiers_) {
      const auto found = stat->tiers.find(tier.every_ns);
      const TierStat now = found == stat->tiers.end() ? TierStat{} : found->second;
      tier.partitions.set(static_cast<double>(now.partitions));
      tier.bytes.set(static_cast<double>(now.bytes));
    }
  }

  Options options_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<StoreService> service_;
  std::vector<ShownCounter> counters_;
  Gauge head_series_, head_bytes_, exemplars_, exemplar_bytes_, segments_, partitions_, set_aside_, unopened_, lost_records_,
      disk_bytes_;
  std::vector<ShownTier> tiers_;
  std::mutex failures_mutex_;
  std::string maintenance_failed_, merging_failed_, segment_merging_failed_;  // what it said, until it succeeds
  std::string health_;                                                        // as it was told last
  uint64_t commit_failures_shown_ = 0;
  std::atomic<bool> maintaining_{false};  // a flush is on its way or under way
  Timer timer_, merge_timer_, show_timer_, first_sizes_timer_;
  StopNotice stop_notice_;
  Subscription subscription_;
};

constexpr const char* kKinds[] = {"store", nullptr};

constexpr tarsier_config_key kKeyItems[] = {
    key("out_of_order_window", TARSIER_KEY_DURATION, "30m",
        "how far behind the newest sample of all a sample may be that is not newer than its series' newest; 0s refuses those",
        "0s.."),
    key("future_limit", TARSIER_KEY_DURATION, "10m", "how far ahead of the clock a sample may be; 0s: any", "0s.."),
    key("partition_window", TARSIER_KEY_DURATION, "2h", "the span of time of one sealed partition", "1m..30d"),
    key("seal_delay", TARSIER_KEY_DURATION, "10m", "how long after its end a window is sealed", "0s.."),
    key("journal_size", TARSIER_KEY_SIZE, "64MiB", "above this size of the journal what is in memory is moved to the disk at once",
        "1MiB.."),
    key("merge_to", TARSIER_KEY_DURATION, "1d",
        "the span of time to which sealed partitions are merged; the retention removes whole partitions, so it is cut to a quarter "
        "of it",
        "1m..365d"),
    key("retention", TARSIER_KEY_DURATION, "15d", "how long samples are kept; 0s: for ever", "0s.."),
    key("retention_size", TARSIER_KEY_SIZE, "0B",
        "above this size on the disk, of all that the store has there but what is damaged, the oldest partitions are removed; 0B: "
        "no limit"),
    key("tier[]", TARSIER_KEY_TABLE, nullptr,
        "summaries that are kept when the samples are gone, finest first: count, sum, least, greatest and last of each interval, "
        "and "
        "what counters lost at resets"),
    key("tier[].every", TARSIER_KEY_DURATION, nullptr, "the interval; a multiple of that of the tier before", "1m..",
        TARSIER_KEY_REQUIRED),
    key("tier[].retention", TARSIER_KEY_DURATION, nullptr,
        "how long they are kept, longer than the tier before and than the samples; 0s: for ever", "0s..", TARSIER_KEY_REQUIRED),
    key("max_series", TARSIER_KEY_INT, "2000000", "series in memory at once; samples of more are refused; 0: no limit", "0.."),
    key("max_series_per_metric", TARSIER_KEY_INT, "0",
        "series of one metric name in memory; samples of more are refused; 0: no limit", "0.."),
    key("max_series_per_job", TARSIER_KEY_INT, "0",
        "series with one value of the label job in memory; samples of more are refused; 0: no limit", "0.."),
    key("max_exemplars", TARSIER_KEY_INT, "100000",
        "exemplars of all series that are kept, the newest, and 512 bytes of memory for each on average; 0: none", "0..100000000"),
    key("max_labels", TARSIER_KEY_INT, "256", "labels of one series", "1.."),
    key("max_label_size", TARSIER_KEY_SIZE, "64KiB", "bytes of all label names and values of one series", "1KiB.."),
};
TARSIER_TABLE(kKeys, kKeyItems);
constexpr tarsier_offer kOfferItems[] = {offer(TARSIER_SAMPLES_STORE_SERVICE, TARSIER_OFFER_REBINDABLE)};
TARSIER_TABLE(kOffers, kOfferItems);

constexpr tarsier_plugin kPlugin = describe<SamplesPlugin>({
    .id = "samples",
    .version = "0.1.0",
    .summary = "Keeps samples durably and answers select queries.",
    .kinds = kKinds,
    .keys = kKeys.data(),
    .offers = kOffers.data(),
    .sample_toml = "[plugin.samples]\nretention = \"15d\"\n",
    .flags = TARSIER_PLUGIN_EXCLUSIVE | TARSIER_PLUGIN_PARALLEL | TARSIER_PLUGIN_SINGLETON,
});

}  // namespace
}  // namespace tarsier::samples

TARSIER_PLUGIN(tarsier::samples::kPlugin, "samples", "store", "0.1.0");

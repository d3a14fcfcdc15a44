// One target: asks for its page each interval, turns the answer into a batch, and knows how the last scrape went.
#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "plugins/collect/scrape/job.hpp"
#include "plugins/collect/scrape/series_cache.hpp"
#include "plugins/collect/scrape/target_spec.hpp"
#include "plugins/lib/publisher/samples_publisher.hpp"
#include "tarsier/http.hpp"
#include "tarsier/metrics.hpp"
#include "tarsier/scheduler.hpp"

namespace tarsier::scrape {

/// What all targets of the plugin share; outlives them.
struct Shared {
  const Host& host;
  ServiceRef<tarsier_http> http;
  publisher::SamplesPublisher& publisher;
  Counter samples, skipped, repeated;
};

class Target : public std::enable_shared_from_this<Target> {
 public:
  enum class Health { unknown, up, down };
  struct Status {
    Health health = Health::unknown;
    std::string last_error;
    int64_t last_scrape_ns = 0;
    double last_duration_seconds = 0;
  };

  Target(Shared& shared, std::shared_ptr<const Job> job, TargetSpec spec);

  /// [ctl] Begins to scrape.
  Result<void> start();
  /// [any] From now on each scrape fails with this, without asking the target; "": it is asked.
  void refuse(const std::string& why);
  /// [any] It was found again, perhaps with other labels that its series do not get.
  void note_discovered(LabelSet labels);
  /// [ctl, work] Goes on with the series of a target that was stopped and has the same labels, and shows how its last scrape went.
  void inherit(const Target& ended);
  /// [ctl, work] Ends it; an answer still under way is thrown away, and one that is being read is waited for. With `mark_stale` all
  /// series get staleness markers.
  void stop(bool mark_stale);

  const Job& job() const noexcept { return *job_; }
  /// What it was made of; how it was found is discovered().
  const TargetSpec& spec() const noexcept { return spec_; }
  /// [any]
  LabelSet discovered() const;
  /// [any]
  Status status() const;
  /// [work] Calls each(family); waits for a page that is being read.
  template <class Each>
  void each_metadata(Each&& each) const {
    const std::lock_guard reading(page_lock_);
    for (const Metadata& family : cache_.metadata()) each(family);
  }

  // The steps of one scrape; [work].
  void begin_scrape();
  void end_scrape(int64_t time_ns, int64_t begun_mono_ns, const Result<http::Response>& response);

 private:
  Result<void> request(int64_t time_ns, int64_t begun_mono_ns);
  Result<void> read_page(const Result<http::Response>& response, int64_t time_ns);
  int64_t scheduled_ns(int64_t now_ns) const;
  void tell_repeats();
  void finish(const Result<void>& outcome, int64_t time_ns, int64_t begun_mono_ns);
  std::span<const std::string_view> reports() const noexcept;
  void note_failure(const std::string& error);
  void publish();

  Shared& shared_;
  const std::shared_ptr<const Job> job_;
  const TargetSpec spec_;
  const int64_t offset_ns_;  // within the interval: the same for the same target, spread over targets
  Timer timer_;

  mutable std::mutex page_lock_;  // guards what follows; held while a page is read, which may take its time; taken before lock_
  SeriesCache cache_;
  bool ever_scraped_ = false;
  bool repeats_ = false;      // the last page had series more than once
  int64_t body_bytes_ = 0;    // of the last page; -1: more than may be
  bool log_failing_ = false;  // the job's file of failures cannot be written

  mutable std::mutex lock_;  // guards the rest
  LabelSet discovered_;
  std::string refused_;
  Status status_;
  bool in_flight_ = false;  // asked, and the answer was not read to its end
  bool stopped_ = false;
};

}  // namespace tarsier::scrape

#include "plugins/alert/rules/bus_sink.hpp"

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>

namespace tarsier::rules {
namespace {

constexpr std::chrono::seconds kStoreTimeout{10};

/// The store's answer, awaited by the evaluation: rules of a group build on one another.
struct Awaited {
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<Result<void>> outcome;
};

}  // namespace

Result<void> BusSink::samples(batch::SamplesBuilder& samples) {
  auto batch = make_batch(host_, samples);
  if (!batch) return std::move(batch).error();
  const auto awaited = std::make_shared<Awaited>();
  auto published = publish(host_, TARSIER_TOPIC_SAMPLES, *batch, TARSIER_PUBLISH_REQUIRE_STORE, [awaited](Result<void> outcome) {
    const std::lock_guard lock(awaited->mutex);
    awaited->outcome = std::move(outcome);
    awaited->changed.notify_all();
  });
  if (!published) return published;
  std::unique_lock lock(awaited->mutex);
  if (!awaited->changed.wait_for(lock, kStoreTimeout, [&] { return awaited->outcome.has_value(); }))
    return Error(TARSIER_DEADLINE, "the store did not answer within 10 s");
  return std::move(*awaited->outcome);
}

Result<void> BusSink::alerts(batch::AlertsBuilder& alerts) {
  auto batch = make_batch(host_, alerts);
  if (!batch) return std::move(batch).error();
  return publish(host_, TARSIER_TOPIC_ALERTS, *batch);
}

}  // namespace tarsier::rules

// Shared by the bus's tests: small batches of samples, subscribers that note what they get, and a producer that notes its answers.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mutex>
#include <stdlib.h>
#include <string>
#include <vector>

#include "core/bus/batch.hpp"
#include "core/bus/bus.hpp"
#include "tarsier/batch.hpp"
#include "tarsier/batch_builder.hpp"

namespace tarsier::bus {

/// A batch with one sample of that value, and `padding` bytes more.
inline BatchRef sample_batch(double value, size_t padding = 0) {
  batch::SamplesBuilder builder;
  const std::string long_value(padding, 'x');
  const batch::Label labels[] = {{"__name__", "up"}, {"padding", long_value}};
  builder.series(labels);
  builder.sample(1'000, value);
  return builder.finish(0, [](batch::Assembly& assembly) {
    tarsier_batch* raw = *Bus::allocate(assembly.size());
    assembly.write(raw->data());
    return BatchRef::adopt(raw);
  });
}

inline double value_of(const tarsier_batch* batch) {
  return batch::View(batch->bytes()).column<double>(TARSIER_COL_SAMPLE_VALUES).front();
}

/// Notes what it is given; may be made to hold on to it.
class Subscriber {
 public:
  Subscriber(Bus& bus, host::Owner& owner, tarsier_full_policy policy, uint64_t max_bytes, bool required = false,
             uint64_t spill_bytes = 0) {
    tarsier_subscribe_spec spec{};
    spec.size = sizeof(spec);
    spec.flags = required ? static_cast<uint32_t>(TARSIER_SUBSCRIBE_REQUIRED) : 0U;
    spec.topic = str(TARSIER_TOPIC_SAMPLES);
    spec.max_bytes = max_bytes;
    spec.spill_bytes = spill_bytes;
    spec.policy = policy;
    spec.user = this;
    spec.on_batch = [](void* user, const tarsier_batch* batch, tarsier_delivery* delivery) {
      static_cast<Subscriber*>(user)->receive(batch, delivery);
    };
    auto subscribed = bus.subscribe(owner, spec);
    if (!subscribed) bug(subscribed.error().message().c_str());
    handle = *subscribed;
  }

  /// The next calls wait until release().
  void hold() {
    const std::lock_guard lock(mutex_);
    held_ = true;
  }
  void release() {
    const std::lock_guard lock(mutex_);
    held_ = false;
    changed_.notify_all();
  }
  void wait_for(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return values_.size() >= count; });
  }
  std::vector<double> values() {
    const std::lock_guard lock(mutex_);
    return values_;
  }
  std::vector<tarsier_delivery*> deliveries() {
    const std::lock_guard lock(mutex_);
    return deliveries_;
  }

  tarsier_subscription* handle = nullptr;
  std::function<void()> also;  // within the call

 private:
  void receive(const tarsier_batch* batch, tarsier_delivery* delivery) {
    std::unique_lock lock(mutex_);
    values_.push_back(value_of(batch));
    deliveries_.push_back(delivery);
    changed_.notify_all();
    changed_.wait(lock, [this] { return !held_; });
    lock.unlock();
    if (also) also();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  bool held_ = false;
  std::vector<double> values_;
  std::vector<tarsier_delivery*> deliveries_;
};

/// The answer to one publish.
struct Answer {
  std::mutex mutex;
  std::condition_variable changed;
  int count = 0;
  tarsier_status status = -1;
  std::string message;
  static void published(void* user, tarsier_status status, tarsier_str message) {
    auto& self = *static_cast<Answer*>(user);
    const std::lock_guard lock(self.mutex);
    ++self.count;
    self.status = status;
    self.message = view(message);
    self.changed.notify_all();
  }
  int times() {
    const std::lock_guard lock(mutex);
    return count;
  }
};

class BusTest : public testing::Test {
 protected:
  ~BusTest() override { std::filesystem::remove_all(directory); }

  Result<void> publish(double value, size_t padding = 0) {
    const BatchRef batch = sample_batch(value, padding);
    return bus.publish(producer, TARSIER_TOPIC_SAMPLES, batch.get(), 0, nullptr, nullptr);
  }
  Result<void> publish(double value, Answer& answer, uint32_t flags = 0) {
    const BatchRef batch = sample_batch(value);
    return bus.publish(producer, TARSIER_TOPIC_SAMPLES, batch.get(), flags, Answer::published, &answer);
  }

  static std::filesystem::path make_directory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tarsier-test-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) bug("mkdtemp");
    return pattern;
  }
  BusOptions options() {
    return {
        directory / "spill", [this](const BusReport& report) {
          const std::lock_guard lock(reports_mutex);
          reports.push_back(std::string(report.instance) + " " + std::string(report.topic) + ": " + std::string(report.message));
        }};
  }

  const std::filesystem::path directory = make_directory();
  std::mutex reports_mutex;
  std::vector<std::string> reports;
  host::Owner producer{"node", "node", false};
  host::Owner consumer{"rules", "rules", false};
  host::Owner other{"other", "x", false};
  host::Owner parallel{"parallel", "x", true};
  host::Owner store_owner{"store", "samples", false};
  scheduler::WorkerPool pool{scheduler::PoolOptions{}};
  Bus bus{pool, options()};
};

}  // namespace tarsier::bus

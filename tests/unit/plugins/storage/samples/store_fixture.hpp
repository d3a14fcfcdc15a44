// StoreFixture: a Store on MemoryStorage with a way to write batches and to ask for what is there.
#pragma once

#include <algorithm>
#include <bit>
#include <future>
#include <gtest/gtest.h>
#include <map>
#include <optional>

#include "memory_storage.hpp"
#include "plugins/storage/samples/service.hpp"
#include "tarsier/batch_builder.hpp"

namespace tarsier::samples::test {

using LabelSet = std::map<std::string, std::string>;

struct Point {
  int64_t time;
  double value;
  int64_t start = 0;
  bool operator==(const Point& other) const {
    return time == other.time && std::bit_cast<uint64_t>(value) == std::bit_cast<uint64_t>(other.value) && start == other.start;
  }
};
inline void PrintTo(const Point& point, std::ostream* out) {
  *out << point.time << "=" << std::hex << std::bit_cast<uint64_t>(point.value) << std::dec;
}
using Found = std::map<LabelSet, std::vector<Point>>;

inline LabelSet label_set(const tarsier_series& series) {
  LabelSet labels;
  for (uint32_t i = 0; i < series.label_count; ++i) labels.emplace(view(series.labels[i].name), view(series.labels[i].value));
  return labels;
}

/// The bytes of a batch, aligned as those of the host.
inline std::vector<uint64_t> finish(batch::SamplesBuilder& builder) {
  return builder.finish(0, [](batch::Assembly& assembly) {
    std::vector<uint64_t> words((assembly.size() + 7) / 8);
    assembly.write(reinterpret_cast<uint8_t*>(words.data()));
    const_cast<tarsier_batch_head*>(reinterpret_cast<const tarsier_batch_head*>(words.data()))->size = words.size() * 8;
    return words;
  });
}

/// The first series that differ, and where: what a person can read. Empty when nothing does.
inline std::string difference(const Found& found, const Found& expected) {
  const auto text = [](const LabelSet& labels, const std::string& what) {
    std::string out;
    for (const auto& [name, value] : labels) out += name + "=" + value + " ";
    return out + what;
  };
  for (const auto& [labels, points] : expected) {
    const auto at = found.find(labels);
    if (at == found.end()) return text(labels, "is missing");
    const auto [left, right] = std::mismatch(at->second.begin(), at->second.end(), points.begin(), points.end());
    if (left == at->second.end() && right == points.end()) continue;
    const auto show = [](const auto& place, const auto& end) { return place == end ? "nothing" : testing::PrintToString(*place); };
    return text(labels, "at row " + std::to_string(right - points.begin()) + ": " + show(left, at->second.end()) + ", expected " +
                            show(right, points.end()));
  }
  for (const auto& [labels, points] : found) {
    if (!expected.contains(labels)) return text(labels, "is not expected");
  }
  return "";
}

struct Matching {
  tarsier_match_op op;
  std::string name;
  std::string value;
};

class StoreFixture : public testing::Test {
 protected:
  /// The host that the store runs on; another storage may stand behind it.
  virtual const Host& host() { return storage_.host(); }
  void open() {
    close();
    store_ = std::make_unique<Store>(host(), options_, [](uint64_t count, const std::function<void(uint64_t)>& run) {
      for (uint64_t i = 0; i < count; ++i) run(i);
    });
    const auto opened = store_->open();
    ASSERT_TRUE(opened.ok()) << opened.error().message();
    service_ = std::make_unique<StoreService>(*store_, [this] { return now_; });
  }
  void close() {
    service_.reset();
    store_.reset();
  }

  static void add(batch::SamplesBuilder& builder, const LabelSet& labels, const std::vector<Point>& points) {
    std::vector<batch::Label> pairs;
    for (const auto& [name, value] : labels) pairs.emplace_back(name, value);
    builder.series(pairs);
    const bool starts = std::any_of(points.begin(), points.end(), [](const Point& point) { return point.start != 0; });
    for (const Point& point : points) {
      if (starts) {
        builder.sample(point.time, point.value, point.start);
      } else {
        builder.sample(point.time, point.value);
      }
    }
  }
  /// What became of the batch; nothing while it is not committed.
  std::shared_ptr<std::optional<Result<void>>> write(batch::SamplesBuilder& builder) {
    const auto words = finish(builder);
    const std::span<const uint8_t> bytes(reinterpret_cast<const uint8_t*>(words.data()), words.size() * 8);
    EXPECT_TRUE(batch::verify(bytes).ok()) << batch::verify(bytes).error().message();
    auto outcome = std::make_shared<std::optional<Result<void>>>();
    store_->take(batch::View(bytes), now_, [outcome](Result<void> result) { outcome->emplace(std::move(result)); });
    return outcome;
  }
  /// The same, when it is committed.
  Result<void> write_wait(batch::SamplesBuilder& builder) {
    const auto words = finish(builder);
    std::promise<Result<void>> promise;
    store_->take(batch::View({reinterpret_cast<const uint8_t*>(words.data()), words.size() * 8}), now_,
                 [&promise](Result<void> result) { promise.set_value(std::move(result)); });
    return promise.get_future().get();
  }
  Result<void> put(const LabelSet& labels, const std::vector<Point>& points) {
    batch::SamplesBuilder builder;
    add(builder, labels, points);
    auto outcome = write(builder);
    if (!outcome->has_value()) return Error::internal("not committed");
    return **outcome;
  }

  tarsier_select select_of(const std::vector<Matching>& matching, int64_t start, int64_t end) {
    matchers_.clear();
    for (const Matching& one : matching) matchers_.push_back({one.op, 0, str(one.name), str(one.value)});
    tarsier_select select{};
    select.size = sizeof(select);
    select.matcher_count = static_cast<uint32_t>(matchers_.size());
    select.matchers = matchers_.data();
    select.start_ns = start;
    select.end_ns = end;
    select.flags = select_flags_;
    select.function = str("");
    warnings_.clear();
    select.warnings = {
        &warnings_, [](void* user, tarsier_str text) { static_cast<std::vector<std::string>*>(user)->emplace_back(view(text)); }};
    return select;
  }
  Found find(const std::vector<Matching>& matching, int64_t start = INT64_MIN, int64_t end = INT64_MAX) {
    Found found;
    const tarsier_select select = select_of(matching, start, end);
    tarsier_error error = empty_error();
    last_status_ = service_->table()->select(
        service_->table()->self, &select, &found,
        [](void* user, const tarsier_series* series) -> int32_t {
          auto& points = (*static_cast<Found*>(user))[label_set(*series)];
          EXPECT_TRUE(points.empty()) << "a series came twice";
          for (uint64_t i = 0; i < series->sample_count; ++i) {
            points.push_back({series->times_ns[i], series->values[i], series->starts_ns == nullptr ? 0 : series->starts_ns[i]});
          }
          return 1;
        },
        &error);
    last_message_.assign(error.message, error.message_size);
    return found;
  }
  Found all() { return find({}); }
  std::vector<std::string> values(const std::string& name, const std::vector<Matching>& matching = {}) {
    std::vector<std::string> texts;
    const tarsier_select select = select_of(matching, INT64_MIN, INT64_MAX);
    tarsier_error error = empty_error();
    EXPECT_EQ(
        service_->table()->label_values(
            service_->table()->self, str(name), &select, 0, &texts,
            [](void* user, tarsier_str value) { static_cast<std::vector<std::string>*>(user)->emplace_back(view(value)); }, &error),
        TARSIER_OK);
    return texts;
  }
  void seal(int64_t cutoff = INT64_MAX) {
    const auto sealed = store_->seal(cutoff);
    ASSERT_TRUE(sealed.ok()) << sealed.error().message();
  }

  MemoryStorage storage_;
  Options options_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<StoreService> service_;
  int64_t now_ = 1'800'000'000 * kSecondNs;
  std::vector<tarsier_matcher> matchers_;
  uint32_t select_flags_ = 0;
  tarsier_status last_status_ = TARSIER_OK;
  std::string last_message_;
  std::vector<std::string> warnings_;  // of the last question
};

}  // namespace tarsier::samples::test

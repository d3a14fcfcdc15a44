// TierFixture: a StoreFixture that asks with a step, and is brought summaries.
#pragma once

#include "store_fixture.hpp"

namespace tarsier::samples::test {

inline constexpr int64_t kDay = 24 * kHourNs;
inline constexpr int64_t kFive = 5 * kMinuteNs;

/// A series as a select brought it.
struct Brought {
  int64_t tier_ns = 0;
  Columns columns;
};

class TierFixture : public StoreFixture {
 protected:
  std::map<LabelSet, Brought> bring(int64_t start = INT64_MIN, int64_t end = INT64_MAX, int64_t step = 0, int64_t range = 0) {
    std::map<LabelSet, Brought> found;
    tarsier_select select = select_of({}, start, end);
    select.step_ns = step;
    select.range_ns = range;
    tarsier_error error = empty_error();
    last_status_ = service_->table()->select(
        service_->table()->self, &select, &found,
        [](void* user, const tarsier_series* series) -> int32_t {
          Brought& brought = (*static_cast<std::map<LabelSet, Brought>*>(user))[label_set(*series)];
          EXPECT_TRUE(brought.columns.empty()) << "a series came twice";
          brought.tier_ns = series->tier_ns;
          EXPECT_EQ(series->tier_ns == 0, series->drops == nullptr);
          for (uint64_t i = 0; i < series->sample_count; ++i) {
            Summary summary;
            if (series->tier_ns != 0)
              summary = {series->counts[i], series->sums[i], series->mins[i], series->maxs[i], series->drops[i]};
            brought.columns.append(
                {.time = series->times_ns[i], .value = series->values[i], .summary = series->tier_ns != 0 ? &summary : nullptr});
          }
          return 1;
        },
        &error);
    EXPECT_EQ(last_status_, TARSIER_OK) << std::string(error.message, error.message_size);
    return found;
  }
};

}  // namespace tarsier::samples::test

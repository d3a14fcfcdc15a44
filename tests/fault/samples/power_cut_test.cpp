// Power cuts at every point of the store's own work: batches, flushes, merges of segments, sealing, merges of partitions,
// deletions, snapshots. At many points of the recording the disk is put together as a cut may have left it; a store starts on it,
// has a state that once was, and misses nothing that its durability promised, also when syncs have failed on the way.
#include <array>
#include <cerrno>
#include <cstdlib>
#include <random>
#include <thread>

#include "tarsier/flat_set.hpp"
#include "tests/fault/storage/recorded_directory.hpp"
#include "tests/unit/plugins/storage/samples/lmdb_host.hpp"
#include "tests/unit/plugins/storage/samples/store_fixture.hpp"

namespace tarsier::samples::test {
namespace {

using storage::testing::DiskCall;
using storage::testing::DiskEvent;
using storage::testing::FaultyDisk;
using storage::testing::RecordedDirectory;
using storage::testing::TempDir;

constexpr int64_t kWindow = 40 * kSecondNs;
constexpr int64_t kBase = 1'800'000'000 * kSecondNs;  // begin of a window
constexpr int kBatches = 100;
constexpr int kSeries = 6;
const LabelSet kNumber = {{"__name__", "number"}};  // of the batch

/// In memory where there is such a file system, for there numbers of files are not used again.
std::filesystem::path directory_of_disks() {
  return std::filesystem::exists("/dev/shm") ? "/dev/shm" : std::filesystem::temp_directory_path();
}

struct Way {
  tarsier_durability durability;
  bool syncs_fail;
};

class PowerCutStore : public StoreFixture, public testing::WithParamInterface<Way> {
 protected:
  struct State {
    Found found;
    int batches = 0;  // up to here
  };

  const Host& host() override { return lmdb_->host(); }
  void TearDown() override {
    FaultyDisk::heal();
    stop();
  }
  void start(const std::string& directory, const std::string& boot) {
    storage::StorageOptions options;
    options.durability = GetParam().durability;
    options.sync_interval = std::chrono::milliseconds(2);
    options.boot_id = boot;
    lmdb_ = std::make_unique<LmdbHost>(directory, options);
    open();
  }
  void stop() {
    close();
    lmdb_.reset();
  }

  /// As a sender does, for a disk may fail.
  template <class Work>
  void run_to_the_end(Work&& work) {
    Result<void> done = work();
    for (int attempt = 0; !done && attempt < 500; ++attempt) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      done = work();
    }
    ASSERT_TRUE(done.ok()) << done.error().message();
  }
  /// From now on an answer may be that of this state.
  void note(Found found, int batches) {
    states_.push_back({std::move(found), batches});
    FaultyDisk::note_acknowledged(states_.size() - 1);
  }

  void write_batch(int number) {
    Found found = states_.back().found;
    batch::SamplesBuilder builder;
    const Point point = {kBase + number * kSecondNs, static_cast<double>(number)};
    now_ = point.time;
    const auto put = [&](const LabelSet& labels) {
      add(builder, labels, {point});
      found[labels].push_back(point);
    };
    put(kNumber);
    for (int i = 0; i < kSeries; ++i) {
      const std::string id = i == 0 ? "0-" + std::to_string(number / 7) : std::to_string(i);
      put({{"__name__", "m" + std::to_string(i % 2)}, {"id", id}});
    }
    std::vector<uint8_t> exemplar;
    append_flat_label(exemplar, "trace_id", std::to_string(number));
    builder.exemplar(point.time, 1, exemplar);
    run_to_the_end([&] { return write_wait(builder); });
    note(std::move(found), number + 1);
  }
  void delete_some(const std::string& id, int first, int last) {
    const int64_t start = kBase + first * kSecondNs, end = kBase + last * kSecondNs;
    run_to_the_end([&] { return store_->delete_samples({{TARSIER_MATCH_EQUAL, "id", id}}, {start, end}); });
    Found found = states_.back().found;
    for (auto& [labels, points] : found) {
      if (!labels.contains("id") || labels.at("id") != id) continue;
      std::erase_if(points, [&](const Point& point) { return point.time >= start && point.time <= end; });
    }
    std::erase_if(found, [](const auto& series) { return series.second.empty(); });
    note(std::move(found), states_.back().batches);
    deletions_.push_back(states_.size() - 1);
  }
  void work_after(int number) {
    if (number % 2 == 1) {
      run_to_the_end([&] { return store_->flush(); });
      run_to_the_end([&] { return store_->merge_segments(); });
    }
    if (number % 30 == 29) delete_some(std::to_string(1 + number / 30), number - 20, number - 3);
    if (number % 40 == 22) run_to_the_end([&] { return store_->maintain(now_); });
    if (number % 50 == 47) run_to_the_end([&] { return store_->merge(now_); });
    if (number == 70) run_to_the_end([&] { return store_->clean_deleted(); });
    if (number % 30 == 25) {
      const size_t promised = states_.size() - 1;
      run_to_the_end([&]() -> Result<void> {
        auto made = store_->snapshot(0, now_ + static_cast<int64_t>(snapshots_.size()) * kSecondNs);
        if (!made) return std::move(made).error();
        snapshots_[made->name] = promised;
        return {};
      });
    }
  }

  /// Which state the disk must have at least, when the power goes before event `cut`. At interval durability: what was
  /// acknowledged when a sync of the journal began, of which the mark was then synced, too; and what a deletion has flushed.
  size_t promised(const RecordedDirectory& recorded, size_t cut) const {
    const auto& events = recorded.events();
    const size_t acknowledged = cut == 0 ? 0 : events[cut - 1].acknowledged;
    if (GetParam().durability == TARSIER_DURABILITY_COMMIT) return acknowledged;
    size_t at_data_sync = 0, promised = 0;
    for (const size_t deletion : deletions_) promised = deletion <= acknowledged ? deletion : promised;
    for (size_t i = 0; i < cut; ++i) {
      if (events[i].kind != DiskEvent::Kind::kSync) continue;
      if (events[i].path.ends_with("/samples/active/data.mdb")) at_data_sync = events[i].acknowledged;
      if (events[i].path.ends_with("/samples/active/synced")) promised = std::max(promised, at_data_sync);
    }
    return promised;
  }
  /// It is one of the states from this one on, whole.
  void expect_state(const Found& found, size_t at_least, bool is_copy = false) {
    const int batches = found.contains(kNumber) ? 1 + static_cast<int>(found.at(kNumber).back().value) : 0;
    ASSERT_GE(batches, states_[at_least].batches) << "acknowledged batches are lost";
    std::string wrong = "no such state";
    for (size_t i = at_least; i < states_.size() && !wrong.empty(); ++i) {
      if (states_[i].batches == batches) wrong = difference(found, states_[i].found);
    }
    ASSERT_EQ(wrong, "") << batches << " batches" << (is_copy ? " in a snapshot" : "");
  }
  void check(const std::string& directory, size_t at_least) {
    ASSERT_NO_FATAL_FAILURE(start(directory, "after"));
    const Found found = all();
    ASSERT_TRUE(warnings_.empty()) << warnings_.front();
    ASSERT_TRUE(store_->damage().notes().empty()) << store_->damage().notes().front().name;
    ASSERT_NO_FATAL_FAILURE(expect_state(found, at_least));
    ASSERT_TRUE(put_after(kBase + 3600 * kSecondNs).ok());
    seal();
    Found more = all();
    ASSERT_EQ(more.erase({{"__name__", "after"}}), 1U);
    ASSERT_EQ(difference(more, found), "") << "sealed";
    stop();
  }
  Result<void> put_after(int64_t time) {
    now_ = time;
    batch::SamplesBuilder builder;
    add(builder, {{"__name__", "after"}}, {{time, 1}});
    return write_wait(builder);
  }
  void check_snapshots(const std::string& directory) {
    for (const auto& [name, at_least] : snapshots_) {
      const std::string made = directory + "/snapshots/" + name;
      if (!std::filesystem::exists(made)) continue;
      ASSERT_NO_FATAL_FAILURE(start(made, "after"));
      ASSERT_NO_FATAL_FAILURE(expect_state(all(), at_least, true));
      stop();
    }
  }

  TempDir dir_{directory_of_disks()};
  std::unique_ptr<LmdbHost> lmdb_;
  std::vector<State> states_{{}};
  std::vector<size_t> deletions_;            // the states that they made
  std::map<std::string, size_t> snapshots_;  // the state that each has at least
  std::mt19937 random_{17};
};

TEST_P(PowerCutStore, LeavesAStateThatOnceWasAndNothingPromisedMissing) {
  options_.partition_window_ns = kWindow;
  options_.merge_to_ns = 2 * kWindow;
  options_.seal_delay_ns = 0;
  RecordedDirectory recorded(dir_.path());
  if (GetParam().syncs_fail) {
    FaultyDisk::fail_calls([this, random = std::make_shared<std::mt19937>(23)](const DiskCall& call) {
      return call.kind == DiskCall::Kind::kSync && call.path.starts_with(dir_.path()) && (*random)() % 120 == 0 ? EIO : 0;
    });
  }
  start(dir_.path(), "before");
  for (int number = 0; number < kBatches; ++number) {
    ASSERT_NO_FATAL_FAILURE(write_batch(number));
    ASSERT_NO_FATAL_FAILURE(work_after(number));
  }
  EXPECT_GT(store_->counters().merged_segments, 1U);
  EXPECT_GT(store_->counters().merged_partitions, 0U);
  recorded.stop();
  FaultyDisk::heal();
  stop();
  const int cuts = std::getenv("TARSIER_LONG") != nullptr ? 3000 : 120;
  for (int round = 0; round < cuts; ++round) {
    const size_t cut = random_() % (recorded.events().size() + 1);
    const unsigned keep = std::array<unsigned, 5>{0, 20, 50, 80, 100}[random_() % 5];
    SCOPED_TRACE("cut before event " + std::to_string(cut) + " of " + std::to_string(recorded.events().size()) + ", keeping " +
                 std::to_string(keep) + " % of what was not synced");
    const TempDir disk(directory_of_disks());
    recorded.put_together(disk.path(), cut, keep, random_);
    ASSERT_NO_FATAL_FAILURE(check(disk.path(), promised(recorded, cut)));
    if (round % 8 != 0) continue;
    ASSERT_NO_FATAL_FAILURE(check_snapshots(disk.path()));
  }
}

/// A rotation that failed halfway leaves a journal; the next flush ends two at once, and removes them one after the other.
TEST_P(PowerCutStore, LosesNothingWhereverTheRemovalOfTwoJournalsIsCut) {
  options_.partition_window_ns = kWindow;
  RecordedDirectory recorded(dir_.path());
  start(dir_.path(), "before");
  ASSERT_NO_FATAL_FAILURE(write_batch(0));
  const std::string first_journal = dir_.path() + "/samples/journal.0000000001";
  FaultyDisk::fail_calls([&](const DiskCall& call) {
    const bool linked = std::filesystem::exists(first_journal + "/data.mdb");
    return linked && call.kind == DiskCall::Kind::kSync && call.path == dir_.path() + "/samples/active" ? EIO : 0;
  });
  ASSERT_FALSE(store_->flush().ok());
  FaultyDisk::heal();
  ASSERT_TRUE(std::filesystem::exists(first_journal + "/data.mdb"));
  run_to_the_end([&] { return store_->flush(); });
  ASSERT_FALSE(std::filesystem::exists(first_journal));
  recorded.stop();
  stop();
  for (size_t cut = 0; cut <= recorded.events().size(); ++cut) {
    for (int round = 0; round < 6; ++round) {
      SCOPED_TRACE("cut before event " + std::to_string(cut) + " of " + std::to_string(recorded.events().size()));
      const TempDir disk(directory_of_disks());
      recorded.put_together(disk.path(), cut, round % 2 == 0 ? 0 : 50, random_);
      ASSERT_NO_FATAL_FAILURE(check(disk.path(), promised(recorded, cut)));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Durability, PowerCutStore,
                         testing::Values(Way{TARSIER_DURABILITY_COMMIT, false}, Way{TARSIER_DURABILITY_INTERVAL, false},
                                         Way{TARSIER_DURABILITY_COMMIT, true}, Way{TARSIER_DURABILITY_INTERVAL, true}),
                         [](const auto& which) {
                           const std::string durability =
                               which.param.durability == TARSIER_DURABILITY_COMMIT ? "Commit" : "Interval";
                           return durability + (which.param.syncs_fail ? "WithFailingSyncs" : "");
                         });

}  // namespace
}  // namespace tarsier::samples::test

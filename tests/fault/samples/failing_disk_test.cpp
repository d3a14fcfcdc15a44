// A disk that fails at any call of any work of the store: it says what failed and why, goes on answering with all that it has
// acknowledged, and goes on working, without a restart, when the disk does.
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <random>
#include <thread>

#include "tarsier/flat_set.hpp"
#include "tests/fault/samples/written_samples.hpp"
#include "tests/fault/storage/faulty_disk.hpp"
#include "tests/unit/plugins/storage/samples/lmdb_host.hpp"

namespace tarsier::samples::test {
namespace {

using storage::testing::DiskCall;
using storage::testing::FaultyDisk;

constexpr int64_t kBase = 1'799'990'000 * kSecondNs;
constexpr int64_t kWindow = 100 * kSecondNs;
constexpr int64_t kRound = 40 * kSecondNs;
constexpr int kSeries = 6;

/// Which calls fail, with what: of those that `concerns`, all from the n-th on, or that one alone.
struct Fault {
  const char* name;
  int error;
  bool once;
  bool (*concerns)(DiskCall::Kind);
};

constexpr Fault kFaults[] = {
    {"one call", EIO, true, [](DiskCall::Kind) { return true; }},
    {"all calls", EIO, false, [](DiskCall::Kind) { return true; }},
    {"one sync", EIO, true, [](DiskCall::Kind kind) { return kind == DiskCall::Kind::kSync; }},
    {"a full disk", ENOSPC, false,
     [](DiskCall::Kind kind) {
       return kind == DiskCall::Kind::kWrite || kind == DiskCall::Kind::kOpen || kind == DiskCall::Kind::kMake;
     }},
    {"a disk that became read-only", EROFS, false, [](DiskCall::Kind kind) { return kind != DiskCall::Kind::kSync; }},
};

class FailingStore : public StoreFixture, public testing::WithParamInterface<tarsier_durability> {
 protected:
  struct Step {
    std::string name;
    std::function<Result<void>()> run;
  };

  const Host& host() override { return lmdb_->host(); }
  void SetUp() override {
    options_.partition_window_ns = kWindow;
    options_.merge_to_ns = 4 * kWindow;
    options_.seal_delay_ns = 0;
    start();
  }
  void TearDown() override {
    FaultyDisk::heal();
    close();
    lmdb_.reset();
  }
  void start() {
    close();
    lmdb_.reset();
    storage::StorageOptions options;
    options.durability = GetParam();
    options.sync_interval = std::chrono::milliseconds(2);
    options.boot_id = "boot " + std::to_string(++boots_);  // what was not synced when it was closed is not there
    lmdb_ = std::make_unique<LmdbHost>(dir_.path(), options);
    open();
  }
  /// Keeps a long run from slowing down.
  void start_anew() {
    close();
    lmdb_.reset();
    for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) std::filesystem::remove_all(entry.path());
    written_ = {};
    start();
  }

  Result<void> write_rows(const WrittenSamples::Rows& rows) {
    batch::SamplesBuilder builder;
    for (const auto& [labels, point] : rows) add(builder, labels, {point});
    std::vector<uint8_t> exemplar;
    append_flat_label(exemplar, "trace_id", std::to_string(rows.front().point.time));
    builder.exemplar(rows.back().point.time, 1, exemplar);
    written_.attempt(rows);
    auto outcome = write_wait(builder);
    if (outcome) written_.acknowledge(rows);
    return outcome;
  }
  /// Some series stay, one comes with each round. The last one, which gets the exemplar, is another one each turn, so that a batch
  /// that is sent again is none out of order.
  WrittenSamples::Rows rows_of(int round, int turn) const {
    WrittenSamples::Rows rows;
    for (int i = 0; i < kSeries; ++i) {
      const std::string id = i == 0 ? "0-" + std::to_string(round) : std::to_string(i);
      const int64_t time = kBase + round * kRound + turn * kSecondNs;
      rows.push_back({{{"__name__", "m"}, {"id", id}}, {time, static_cast<double>(round * 100 + turn * 10 + i)}});
    }
    std::rotate(rows.begin(), rows.begin() + turn, rows.end());
    return rows;
  }
  Result<void> erase(const LabelSet& labels, int64_t start, int64_t end) {
    written_.begin_deletion(labels, start, end);
    auto done = store_->delete_samples(
        {{TARSIER_MATCH_EQUAL, "__name__", labels.at("__name__")}, {TARSIER_MATCH_EQUAL, "id", labels.at("id")}}, {start, end});
    if (done) written_.end_deletion(labels, start, end);
    return done;
  }
  Result<void> snapshot() {
    auto made = store_->snapshot(0, now_);
    if (!made) return std::move(made).error();
    std::filesystem::remove_all(made->directory);
    return {};
  }
  std::vector<Step> steps_of(int round) {
    std::vector<Step> steps;
    for (int turn = 0; turn < 3; ++turn)
      steps.push_back({"write", [this, rows = rows_of(round, turn)] { return write_rows(rows); }});
    steps.push_back({"flush", [this] { return store_->flush(); }});
    steps.push_back({"write", [this, rows = rows_of(round, 3)] { return write_rows(rows); }});
    steps.push_back({"merge segments", [this] { return store_->merge_segments(); }});
    if (round % 2 == 0) steps.push_back({"snapshot", [this] { return snapshot(); }});
    if (round % 3 == 0) {
      const LabelSet labels = {{"__name__", "m"}, {"id", std::to_string(1 + round / 3 % (kSeries - 1))}};
      const int64_t end = kBase + round * kRound - kSecondNs;
      steps.push_back({"delete", [this, labels, end] { return erase(labels, end - 3 * kRound, end); }});
    }
    if (round % 5 == 0) steps.push_back({"clean", [this] { return store_->clean_deleted(); }});
    // Eight flushes of a window come together before it is sealed.
    if (round % 11 == 10) steps.push_back({"seal", [this] { return store_->maintain(now_); }});
    if (round % 11 == 10) steps.push_back({"merge", [this] { return store_->merge(now_); }});
    steps.push_back({"write", [this, rows = rows_of(round, 4)] { return write_rows(rows); }});
    return steps;
  }

  /// From the n-th call on below the directory.
  void inject(const Fault& fault, int n) {
    calls_ = 0;
    FaultyDisk::fail_calls([this, &fault, n, root = dir_.path()](const DiskCall& call) {
      if (!call.path.starts_with(root) || !fault.concerns(call.kind)) return 0;
      const int number = calls_++;
      return number == n || (number > n && !fault.once) ? fault.error : 0;
    });
  }
  /// It says what failed, and why.
  static void expect_clear(const Error& error, const Fault& fault) {
    const std::string& text = error.message();
    EXPECT_TRUE(text.find("samples") != std::string::npos || text.find("snapshot") != std::string::npos) << text;
    EXPECT_TRUE(text.find(std::strerror(fault.error)) != std::string::npos || text.find("no space left") != std::string::npos)
        << text;
    EXPECT_TRUE(error.code() == TARSIER_UNAVAILABLE || error.code() == TARSIER_RESOURCE) << error.code() << ": " << text;
  }
  void expect_all(const std::string& when) {
    const Found found = all();
    ASSERT_EQ(last_status_, TARSIER_OK) << when << ": " << last_message_;
    ASSERT_TRUE(warnings_.empty()) << when << ": " << warnings_.front();
    ASSERT_EQ(written_.check(found), "") << when;
  }
  void run_to_the_end(const Step& step) {
    Result<void> done;
    for (int attempt = 0; attempt < 500; ++attempt) {
      done = step.run();
      if (done) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));  // a sender's back-off
    }
    FAIL() << step.name << " goes on failing: " << done.error().message();
  }
  void run_round(int round, const Fault& fault, int n) {
    now_ = kBase + round * kRound + 30 * kSecondNs;
    const std::vector<Step> steps = steps_of(round);
    std::vector<Step> failed;
    inject(fault, n);
    for (const Step& step : steps) {
      const auto done = step.run();
      if (!done) expect_clear(done.error(), fault);
      if (!done) failed.push_back(step);
      ASSERT_NO_FATAL_FAILURE(expect_all(step.name + " on the failing disk"));
    }
    failures_ += failed.size();
    FaultyDisk::heal();
    for (const Step& step : failed) ASSERT_NO_FATAL_FAILURE(run_to_the_end(step));
    // A sync that failed after the last write is what the next one would be told of.
    ASSERT_NO_FATAL_FAILURE(run_to_the_end({"write", [this, rows = rows_of(round, 5)] { return write_rows(rows); }}));
    ASSERT_NO_FATAL_FAILURE(expect_all("after the disk was healed"));
  }

  storage::testing::TempDir dir_;
  std::unique_ptr<LmdbHost> lmdb_;
  WrittenSamples written_;
  int boots_ = 0;
  size_t failures_ = 0;
  std::atomic<int> calls_{0};
};

TEST_P(FailingStore, LosesNothingAcknowledgedAndGoesOnWhenTheDiskDoes) {
  const bool is_long = std::getenv("TARSIER_LONG") != nullptr;
  const int rounds = is_long ? 2200 : 55;
  std::mt19937 random(GetParam());
  for (int round = 0; round < rounds; ++round) {
    const Fault& fault = kFaults[static_cast<size_t>(round) % std::size(kFaults)];
    const int n = static_cast<int>(random() % (fault.concerns(DiskCall::Kind::kWrite) ? 160 : 60));
    SCOPED_TRACE("round " + std::to_string(round) + ": " + fault.name + " from call " + std::to_string(n) + " on");
    ASSERT_NO_FATAL_FAILURE(run_round(round, fault, n));
    if (round % 4 != 3) continue;
    ASSERT_NO_FATAL_FAILURE(start());
    ASSERT_NO_FATAL_FAILURE(expect_all("after a restart"));
    ASSERT_TRUE(store_->set_aside().empty());
    ASSERT_TRUE(store_->damage().notes().empty());
    if (round % 100 != 99) continue;
    ASSERT_NO_FATAL_FAILURE(start_anew());
  }
  EXPECT_GT(failures_, static_cast<size_t>(rounds));
}

TEST_P(FailingStore, SaysWhyItDoesNotStartAndStartsWhenTheDiskWorks) {
  for (int turn = 0; turn < 3; ++turn) ASSERT_TRUE(write_rows(rows_of(0, turn)).ok());
  ASSERT_TRUE(store_->flush().ok());
  ASSERT_TRUE(write_rows(rows_of(0, 4)).ok());
  size_t refused = 0;
  for (const Fault& fault : kFaults) {
    for (int n = 0; n < 8; ++n) {
      SCOPED_TRACE(std::string(fault.name) + " from call " + std::to_string(n) + " on");
      close();
      inject(fault, n);
      Store store(host(), options_, [](uint64_t count, const std::function<void(uint64_t)>& run) {
        for (uint64_t i = 0; i < count; ++i) run(i);
      });
      if (const auto opened = store.open(); !opened) {
        ++refused;
        expect_clear(opened.error(), fault);
      }
      FaultyDisk::heal();
    }
    ASSERT_NO_FATAL_FAILURE(start());
    ASSERT_NO_FATAL_FAILURE(expect_all(fault.name));
    ASSERT_TRUE(store_->damage().notes().empty());
    ASSERT_TRUE(write_rows(rows_of(1 + static_cast<int>(&fault - kFaults), 0)).ok());
  }
  EXPECT_GT(refused, 0U);
}

INSTANTIATE_TEST_SUITE_P(Durability, FailingStore, testing::Values(TARSIER_DURABILITY_COMMIT, TARSIER_DURABILITY_INTERVAL),
                         [](const auto& which) { return which.param == TARSIER_DURABILITY_COMMIT ? "Commit" : "Interval"; });

}  // namespace
}  // namespace tarsier::samples::test

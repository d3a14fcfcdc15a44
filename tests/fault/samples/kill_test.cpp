// kill -9 while one thread writes and another flushes, merges segments, seals, merges partitions and makes snapshots: every scrape
// that was acknowledged is there afterwards, whole, and so it is in every snapshot that was made.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "tests/unit/plugins/storage/samples/lmdb_host.hpp"
#include "tests/unit/plugins/storage/samples/store_fixture.hpp"

namespace tarsier::samples::test {
namespace {

constexpr int64_t kBase = 1'800'000'000 * kSecondNs;
constexpr int64_t kWindow = 100 * kSecondNs;
constexpr int kSeries = 40;

/// What the child says: a scrape is safe, or a snapshot is whole that has all scrapes below `number`.
struct Word {
  int64_t number = 0;
  char snapshot[64] = {};
};

class KilledStore : public StoreFixture {
 protected:
  const Host& host() override { return lmdb_->host(); }
  void TearDown() override { stop(); }
  void start(const std::string& directory) {
    stop();
    lmdb_ = std::make_unique<LmdbHost>(directory);
    options_.partition_window_ns = kWindow;
    options_.merge_to_ns = 4 * kWindow;
    options_.seal_delay_ns = 0;
    options_.future_limit_ns = 0;
    open();
  }
  void stop() {
    close();
    lmdb_.reset();
  }
  Result<void> scrape(int64_t number) {
    batch::SamplesBuilder builder;
    for (int i = 0; i < kSeries; ++i) {
      const std::string id = i % 10 == 0 ? std::to_string(i) + "-" + std::to_string(number / 25) : std::to_string(i);
      add(builder, {{"__name__", "m" + std::to_string(i % 3)}, {"id", id}},
          {{kBase + number * kSecondNs, static_cast<double>(number)}});
    }
    return write_wait(builder);
  }
  /// Every scrape below `number` is there, and none in part.
  void expect_scrapes(int64_t number) {
    std::map<int64_t, int> counts;
    for (const auto& [labels, points] : all()) {
      for (const Point& point : points) {
        ASSERT_EQ(point.time, kBase + static_cast<int64_t>(point.value) * kSecondNs);
        ++counts[static_cast<int64_t>(point.value)];
      }
    }
    for (int64_t one = 0; one < number; ++one) ASSERT_TRUE(counts.contains(one)) << "scrape " << one << " is lost";
    for (const auto& [one, count] : counts) ASSERT_EQ(count, kSeries) << "scrape " << one;
    ASSERT_TRUE(warnings_.empty());
    ASSERT_TRUE(store_->damage().notes().empty() && store_->set_aside().empty());
  }

  [[noreturn]] void be_killed(int out, int64_t first) {
    start(dir_.path());
    std::atomic<int64_t> acknowledged{first};
    const auto say = [out](const Word& word) {
      if (::write(out, &word, sizeof(word)) != sizeof(word)) std::abort();
    };
    const auto expect = [](std::string_view what, const Result<void>& done) {
      if (done) return;
      std::fprintf(stderr, "%.*s failed: %s\n", static_cast<int>(what.size()), what.data(), done.error().message().c_str());
      std::abort();
    };
    std::thread writer([&] {
      for (int64_t number = first;; ++number) {
        expect("a scrape", scrape(number));
        acknowledged = number + 1;
        say({number, {}});
      }
    });
    for (int turn = 0;; ++turn) {
      const int64_t now = acknowledged;
      expect("a flush", store_->flush());
      expect("a merge of segments", store_->merge_segments());
      if (turn % 13 == 12) expect("sealing", store_->maintain(kBase + now * kSecondNs));
      if (turn % 29 == 28) expect("a merge", store_->merge(kBase + now * kSecondNs));
      if (turn % 17 != 16) continue;
      const auto made = store_->snapshot(0, now_);
      expect("a snapshot", made ? Result<void>() : Result<void>(made.error()));
      Word word{now, {}};
      made->name.copy(word.snapshot, sizeof(word.snapshot) - 1);
      say(word);
    }
  }
  /// Scrapes in many files: windows that are sealed, each with a partition for what came late, and one with segments.
  void write_what_can_be_merged() {
    int64_t number = 0;
    for (int window = 0; window < 8; ++window) {
      for (int half = 0; half < 2; ++half) {
        for (const int64_t end = number + 50; number < end; ++number) ASSERT_TRUE(scrape(number).ok());
        if (window < 7) {
          ASSERT_TRUE(store_->seal(INT64_MAX).ok());
        }
      }
    }
    for (const int64_t end = number + 90; number < end; ++number) {
      ASSERT_TRUE(scrape(number).ok());
      if (number % 5 == 4) {
        ASSERT_TRUE(store_->flush().ok());
      }
    }
    ASSERT_TRUE(store_->flush().ok());
  }
  /// All that is due; says when it begins and when it has ended.
  [[noreturn]] void merge_and_be_killed(int out) {
    start(dir_.path());
    const auto say = [out](char what) {
      if (::write(out, &what, 1) != 1) std::abort();
    };
    say('b');
    const auto segments = store_->merge_segments();
    const auto partitions = store_->merge(kBase + 100 * kWindow);
    if (!segments || !partitions) std::abort();
    say('e');
    for (;;) ::pause();
  }
  /// In a child too, so that no thread of the storage lives in the process that forks.
  template <class Check>
  bool holds(Check&& check) {
    const pid_t child = ::fork();
    if (child == 0) {
      check();
      stop();
      ::_exit(HasFailure() ? 1 : 0);
    }
    int status = 0;
    return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

  storage::testing::TempDir dir_;
  std::unique_ptr<LmdbHost> lmdb_;
};

TEST_F(KilledStore, HasAllThatWasAcknowledgedAndWholeSnapshots) {
  const int rounds = std::getenv("TARSIER_LONG") != nullptr ? 200 : 12;
  std::mt19937 random(3);
  int64_t safe = 0;
  for (int round = 0; round < rounds; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) be_killed(ends[1], safe);
    ::close(ends[1]);
    std::map<std::string, int64_t> snapshots;
    const auto enough = safe + 100 + static_cast<int64_t>(random() % 200);
    bool killed = false;
    for (Word word; ::read(ends[0], &word, sizeof(word)) == sizeof(word);) {
      if (word.snapshot[0] != 0) snapshots[word.snapshot] = word.number;
      if (word.snapshot[0] == 0) safe = word.number + 1;
      if (killed || safe < enough) continue;
      ::usleep(static_cast<useconds_t>(random() % 20'000));
      ::kill(child, SIGKILL);
      killed = true;
    }
    ::close(ends[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(killed && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "the child ended by itself, status " << status;
    ASSERT_TRUE(holds([&] {
      start(dir_.path());
      expect_scrapes(safe);
    }));
    for (const auto& [name, number] : snapshots) {
      ASSERT_TRUE(holds([&, &name = name, number = number] {
        start(dir_.path() + "/snapshots/" + name);
        expect_scrapes(number);
      })) << name;
    }
    std::filesystem::remove_all(dir_.path() + "/snapshots");
    if (round % 10 != 9) continue;  // keeps the long run from slowing down
    std::filesystem::remove_all(dir_.path() + "/samples");
    safe = 0;
  }
}

/// Of samples that are counted by file nothing is hidden, as it would be in an answer, where equal ones are one.
TEST_F(KilledStore, HasEachSampleOnceAfterItWasKilledInAMerge) {
  constexpr int64_t kScrapes = 890;
  const int rounds = std::getenv("TARSIER_LONG") != nullptr ? 300 : 25;
  const storage::testing::TempDir pristine;
  ASSERT_TRUE(holds([&] {
    start(pristine.path());
    write_what_can_be_merged();
  }));
  std::mt19937 random(5);
  int64_t whole_us = 200'000;  // that all the merges take
  int in_midst = 0, half_written = 0;
  for (int round = 0; round < rounds; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    std::filesystem::remove_all(dir_.path());
    std::filesystem::copy(pristine.path(), dir_.path(), std::filesystem::copy_options::recursive);
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) merge_and_be_killed(ends[1]);
    ::close(ends[1]);
    char what = 0;
    ASSERT_EQ(::read(ends[0], &what, 1), 1);
    const auto began = std::chrono::steady_clock::now();
    // The first one is left to its end.
    if (round == 0) {
      ASSERT_EQ(::read(ends[0], &what, 1), 1);
    }
    if (round == 0)
      whole_us = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began).count();
    if (round != 0) ::usleep(static_cast<useconds_t>(random() % static_cast<unsigned>(whole_us)));
    ::kill(child, SIGKILL);
    const bool ended = ::read(ends[0], &what, 1) == 1 || round == 0;
    ::close(ends[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "the child ended by itself, status " << status;
    in_midst += ended ? 0 : 1;
    for (const auto& entry : std::filesystem::directory_iterator(dir_.path()))
      half_written += entry.path().filename().native().starts_with(".seal-") ? 1 : 0;
    for (const bool merged : {false, true}) {
      ASSERT_TRUE(holds([&] {
        start(dir_.path());
        if (merged) {
          ASSERT_TRUE(store_->compact(kBase + 100 * kWindow).ok());
        }
        expect_scrapes(kScrapes);
        const auto stat = store_->stat();
        ASSERT_EQ(stat->segment_samples + stat->partition_samples, static_cast<uint64_t>(kScrapes * kSeries));
      })) << (merged ? "merged to the end" : "as it was left");
    }
  }
  EXPECT_GT(in_midst, rounds / 2);
  EXPECT_GT(half_written, 0) << "none was killed while it wrote";
}

}  // namespace
}  // namespace tarsier::samples::test

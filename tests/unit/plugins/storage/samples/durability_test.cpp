// On the real storage: kill -9 in the midst of writing and sealing loses nothing acknowledged; and writing, asking and sealing at
// once.
#include <csignal>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "lmdb_host.hpp"
#include "store_fixture.hpp"

namespace tarsier::samples::test {
namespace {

constexpr int64_t kBase = 1'799'990'000 * kSecondNs;
constexpr int kSeries = 50;

class DurabilityTest : public StoreFixture {
 protected:
  const Host& host() override { return lmdb_->host(); }
  void TearDown() override {
    close();
    lmdb_.reset();
  }
  void start() {
    lmdb_ = std::make_unique<LmdbHost>(dir_.path());
    options_.partition_window_ns = 100 * kSecondNs;
    open();
  }
  /// One scrape: every series has the number of the scrape for its value.
  Result<void> scrape(int64_t number) {
    batch::SamplesBuilder builder;
    for (int i = 0; i < kSeries; ++i) {
      // Some series live for a while only.
      const std::string id = i % 10 == 0 ? std::to_string(i) + "-" + std::to_string(number / 25) : std::to_string(i);
      add(builder, {{"__name__", "m"}, {"id", id}}, {{kBase + number * kSecondNs, static_cast<double>(number)}});
    }
    return write_wait(builder);
  }
  /// How many samples there are of each scrape.
  std::map<int64_t, int> scrapes() {
    std::map<int64_t, int> counts;
    for (const auto& [labels, points] : all()) {
      for (const Point& point : points) {
        EXPECT_EQ(kBase + static_cast<int64_t>(point.value) * kSecondNs, point.time);
        ++counts[static_cast<int64_t>(point.value)];
      }
    }
    return counts;
  }

  storage::testing::TempDir dir_;
  std::unique_ptr<LmdbHost> lmdb_;
};

/// As many file descriptors more than are open now.
class FewFiles {
 public:
  explicit FewFiles(size_t more) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const auto files = std::filesystem::directory_iterator("/proc/self/fd");
    const auto open = static_cast<size_t>(std::distance(begin(files), end(files)));
    const rlimit few = {open + more, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &few);
  }
  FewFiles(const FewFiles&) = delete;
  FewFiles& operator=(const FewFiles&) = delete;
  ~FewFiles() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST_F(DurabilityTest, FlushesHundredsOfWindowsWithFewFiles) {
  constexpr int64_t kWindows = 400;
  storage::StorageOptions options;
  options.idle_sealed_files = 16;
  lmdb_ = std::make_unique<LmdbHost>(dir_.path(), options);
  options_.partition_window_ns = 100 * kSecondNs;
  options_.out_of_order_window_ns = INT64_MAX;
  open();
  const LabelSet late = {{"__name__", "late"}};
  Found expected;
  for (int64_t i = 0; i < kWindows; ++i)
    expected[late].push_back({kBase - (kWindows - i) * 100 * kSecondNs, static_cast<double>(i)});
  {
    const FewFiles few(200);
    batch::SamplesBuilder builder;
    add(builder, late, expected[late]);
    ASSERT_TRUE(write_wait(builder).ok());
    const auto flushed = store_->flush();
    ASSERT_TRUE(flushed.ok()) << flushed.error().message();
    EXPECT_EQ(store_->stat()->segments, static_cast<uint64_t>(kWindows));
    for (const Point& point : expected[late])
      ASSERT_EQ(find({}, point.time, point.time), (Found{{late, {point}}})) << last_message_;
    open();
    const auto sealed = store_->seal(INT64_MAX);
    ASSERT_TRUE(sealed.ok()) << sealed.error().message();
    EXPECT_EQ(store_->stat()->partitions, static_cast<uint64_t>(kWindows));
  }
  EXPECT_EQ(difference(all(), expected), "");
  open();
  EXPECT_EQ(difference(all(), expected), "");
}

[[noreturn]] void never_return() {
  for (;;) ::pause();
}

TEST_F(DurabilityTest, KillingTheProcessLosesNothingAcknowledged) {
  int64_t acknowledged = 0;
  for (int round = 0; round < 6; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(::pipe(pipe_ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      start();
      for (int64_t number = acknowledged;; ++number) {
        if (!scrape(number).ok() || ::write(pipe_ends[1], &number, sizeof(number)) != sizeof(number)) never_return();
        if (number % 37 == 36 && !store_->seal(window_start(kBase + number * kSecondNs, options_.partition_window_ns)).ok())
          never_return();
      }
    }
    ::close(pipe_ends[1]);
    const int64_t enough = acknowledged + 60 + round * 23;
    int64_t number = 0;
    while (::read(pipe_ends[0], &number, sizeof(number)) == sizeof(number)) {
      acknowledged = number + 1;
      if (number >= enough) break;
    }
    ::kill(child, SIGKILL);
    while (::read(pipe_ends[0], &number, sizeof(number)) == sizeof(number)) acknowledged = number + 1;
    ::close(pipe_ends[0]);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    ASSERT_GE(acknowledged, enough);
    // Looked at in a child too, so that no thread of the storage lives in the process that forks.
    const pid_t checker = ::fork();
    if (checker == 0) {
      start();
      const auto counts = scrapes();
      bool whole = true;
      for (int64_t i = 0; i < acknowledged; ++i) whole = whole && counts.contains(i) && counts.at(i) == kSeries;
      ::_exit(whole ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(checker, &status, 0), checker);
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "round " << round << ", acknowledged " << acknowledged;
  }
}

TEST_F(DurabilityTest, WritesAnswersAndSealsAtOnce) {
  start();
  constexpr int64_t kScrapes = 300;
  std::atomic<int64_t> acknowledged{0};
  std::thread writer([&] {
    for (int64_t number = 0; number < kScrapes; ++number) {
      const auto outcome = scrape(number);
      ASSERT_TRUE(outcome.ok()) << outcome.error().message();
      acknowledged = number + 1;
    }
  });
  std::thread sealer([&] {
    int64_t sealed = 0;
    while (sealed < kScrapes - 20) {
      const int64_t now = acknowledged;
      if (now < sealed + 20) {
        std::this_thread::yield();
        continue;
      }
      sealed = now;
      const auto done = store_->seal(window_start(kBase + now * kSecondNs, options_.partition_window_ns));
      ASSERT_TRUE(done.ok()) << done.error().message();
    }
  });
  while (acknowledged < kScrapes) {
    const int64_t before = acknowledged;
    const auto counts = scrapes();
    for (int64_t i = 0; i < before; ++i) ASSERT_EQ(counts.contains(i) ? counts.at(i) : 0, kSeries) << "scrape " << i;
  }
  writer.join();
  sealer.join();
  const auto counts = scrapes();
  EXPECT_EQ(counts.size(), static_cast<size_t>(kScrapes));
}

}  // namespace
}  // namespace tarsier::samples::test

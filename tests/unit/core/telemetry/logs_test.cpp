#include "core/telemetry/logs.hpp"

#include <array>
#include <atomic>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "core/host/host_context.hpp"
#include "core/telemetry/log_sinks.hpp"
#include "tarsier/result.hpp"

namespace tarsier::telemetry {
namespace {

class LogsTest : public ::testing::Test {
 protected:
  LogsTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tarsier-logs-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    fd_ = ::open((directory_ / "log").c_str(), O_CREAT | O_RDWR | O_APPEND | O_CLOEXEC, 0600);
  }
  ~LogsTest() override {
    ::close(fd_);
    std::filesystem::remove_all(directory_);
  }

  LogEnvironment environment() {
    LogEnvironment made;
    made.fd = fd_;
    made.wall_ns = [] { return int64_t{0}; };
    made.mono_ns = [this] { return mono_ns_; };
    return made;
  }

  std::string written() const {
    std::ifstream in(directory_ / "log", std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }

  std::filesystem::path directory_;
  int fd_;
  int64_t mono_ns_ = 0;
};

constexpr const char* kTime = "1970-01-01T00:00:00.000Z";

TEST_F(LogsTest, WritesJsonWhereThereIsNoTerminal) {
  Logs logs({}, environment());
  Logger(&logs, "host").info("ready", {{"ms", "42"}});
  EXPECT_EQ(written(), std::string("{\"time\":\"") + kTime +
                           "\",\"level\":\"info\",\"source\":\"host\",\"message\":\"ready\",\"ms\":\"42\"}\n");
}

TEST_F(LogsTest, ObeysTheLevelOfTheInstanceThenOfThePlugin) {
  Logs logs({Level::warn, LogFormat::text, {{"node", Level::debug}, {"special", Level::error}}}, environment());
  EXPECT_FALSE(logs.enabled(Level::info, "other"));
  EXPECT_TRUE(logs.enabled(Level::warn, "other"));
  EXPECT_TRUE(logs.enabled(Level::debug, "node"));
  EXPECT_FALSE(logs.enabled(Level::trace, "node"));
  EXPECT_TRUE(logs.enabled(Level::debug, "mine", "node"));
  EXPECT_FALSE(logs.enabled(Level::warn, "special", "node"));
  logs.write(Level::info, "other", "not written");
  logs.write(Level::debug, "mine", "written", {}, "node");
  EXPECT_EQ(written(), std::string(kTime) + " DEBUG mine: written\n");
}

TEST_F(LogsTest, AppliesANewConfiguration) {
  Logs logs({Level::info, LogFormat::json, {}}, environment());
  logs.configure({Level::debug, LogFormat::text, {}});
  logs.write(Level::debug, "host", "now");
  EXPECT_EQ(written(), std::string(kTime) + " DEBUG host: now\n");
}

TEST_F(LogsTest, HoldsRepeatsBackAndSaysHowMany) {
  {
    Logs logs({Level::info, LogFormat::text, {}}, environment());
    for (int i = 0; i < 12; ++i) logs.write(Level::warn, "node", "disk is slow");
    logs.write(Level::warn, "other", "disk is slow");
    EXPECT_EQ(logs.counts().held_back, 7U);
    mono_ns_ = 10'000'000'000;
    logs.report_repeats();
    for (int i = 0; i < 6; ++i) logs.write(Level::info, "node", "at the end");
  }
  const std::string time = kTime;
  std::string expected;
  for (int i = 0; i < 5; ++i) expected += time + " WARN  node: disk is slow\n";
  expected += time + " WARN  other: disk is slow\n";
  expected += time + " WARN  node: disk is slow ... repeated 7 times\n";
  for (int i = 0; i < 5; ++i) expected += time + " INFO  node: at the end\n";
  expected += time + " INFO  node: at the end ... repeated 1 times\n";
  EXPECT_EQ(written(), expected);
}

TEST_F(LogsTest, KeepsLinesWholeWhenManyThreadsWrite) {
  {
    LogEnvironment quick = environment();
    quick.repeat_limit = 0;
    Logs logs({Level::info, LogFormat::text, {}}, std::move(quick));
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&logs] {
        for (int i = 0; i < 200; ++i) logs.write(Level::info, "node", "a message of some length");
      });
    }
    for (int i = 0; i < 50; ++i) logs.configure({Level::info, LogFormat::text, {}});
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(logs.counts().written[TARSIER_LOG_INFO], 800U);
  }
  std::ifstream in(directory_ / "log");
  size_t lines = 0;
  for (std::string line; std::getline(in, line); ++lines)
    ASSERT_EQ(line, std::string(kTime) + " INFO  node: a message of some length");
  EXPECT_EQ(lines, 800U);
}

TEST_F(LogsTest, DropsAndCountsWhenNobodyReads) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  LogEnvironment stalled = environment();
  stalled.fd = pipe[1];
  stalled.repeat_limit = 0;
  {
    Logs logs({Level::info, LogFormat::text, {}}, std::move(stalled));
    const std::string message(8000, 'x');
    for (int i = 0; i < 40; ++i) logs.write(Level::info, "node", message);
    EXPECT_GT(logs.counts().dropped, 0U);
    ::close(pipe[0]);
  }
  ::close(pipe[1]);
}

TEST_F(LogsTest, SendsEntriesToTheJournal) {
  const int server = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = (directory_ / "socket").string();
  ASSERT_LT(path.size(), sizeof(address.sun_path));
  path.copy(address.sun_path, path.size());
  ASSERT_EQ(::bind(server, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  LogEnvironment journal = environment();
  journal.journal_socket = path;
  Logs logs({Level::info, LogFormat::journal, {}}, std::move(journal));
  logs.write(Level::error, "node", "broken");
  std::array<char, 1024> buffer{};
  const ssize_t size = ::recv(server, buffer.data(), buffer.size(), 0);
  ASSERT_GT(size, 0);
  EXPECT_EQ(std::string(buffer.data(), static_cast<size_t>(size)),
            "MESSAGE=node: broken\nPRIORITY=3\nSYSLOG_IDENTIFIER=tarsier\nTARSIER_SOURCE=node\n");
  ::close(server);
  logs.write(Level::error, "node", "lost");
  EXPECT_EQ(logs.counts().dropped, 1U);
}

TEST_F(LogsTest, KnowsTheJournalByItsDeviceAndInode) {
  struct stat status{};
  ASSERT_EQ(::fstat(fd_, &status), 0);
  const std::string stream = std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
  EXPECT_TRUE(is_journal_stream(fd_, stream.c_str()));
  EXPECT_FALSE(is_journal_stream(fd_, (stream + "1").c_str()));
  EXPECT_FALSE(is_journal_stream(fd_, "nonsense"));
  EXPECT_FALSE(is_journal_stream(fd_, nullptr));
}

TEST_F(LogsTest, AnswersPluginsThroughTheContract) {
  Logs logs({Level::info, LogFormat::text, {{"node", Level::debug}}}, environment());
  host::Owner owner("mine", "node", false);
  host::Rooms rooms;
  rooms.logs = &logs;
  host::HostContext context{&owner, &rooms};
  const tarsier_host host{sizeof(tarsier_host), TARSIER_ABI_MAJOR, TARSIER_ABI_MINOR, &context, nullptr};
  const tarsier_log* service = log_service();
  EXPECT_EQ(service->enabled(&host, TARSIER_LOG_DEBUG), 1);
  EXPECT_EQ(service->enabled(&host, TARSIER_LOG_TRACE), 0);
  EXPECT_EQ(service->enabled(&host, 99), 1);
  const tarsier_pair field{str("key"), str("value")};
  service->write(&host, TARSIER_LOG_DEBUG, str("hello"), &field, 1);
  service->write(&host, -7, str("below everything"), nullptr, 3);
  EXPECT_EQ(written(), std::string(kTime) + " DEBUG mine: hello key=value\n");
}

TEST(LogNames, AreReadAsTheConfigurationWritesThem) {
  EXPECT_EQ(*parse_level("warn"), Level::warn);
  EXPECT_EQ(parse_level("loud").error().message(), "expected trace, debug, info, warn or error, got \"loud\"");
  EXPECT_EQ(*parse_log_format("auto"), LogFormat::automatic);
  EXPECT_EQ(parse_log_format("xml").error().message(), "expected auto, text, json or journal, got \"xml\"");
}

TEST(Logger, IsSilentWithoutLogs) {
  Logger().info("nobody hears it");
  EXPECT_FALSE(Logger().enabled(Level::error));
}

}  // namespace
}  // namespace tarsier::telemetry

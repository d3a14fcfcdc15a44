// kill -9 under write load, again and again: every start-up works, and everything acknowledged is there. Ten rounds;
// TARSIER_LONG=1: 500.
#include <cerrno>
#include <cstdlib>
#include <random>
#include <set>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/fault/storage/written_value.hpp"
#include "tests/unit/core/storage/storage_fixture.hpp"

extern char** environ;

namespace tarsier::storage::testing {
namespace {

class Killed : public ::testing::Test {
 protected:
  /// Runs the child until it has acknowledged `count` transactions, kills it, and returns all it acknowledged.
  std::vector<uint64_t> run_child(uint64_t first, size_t count) {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    ::posix_spawn_file_actions_addclose(&actions, ends[0]);
    ::posix_spawn_file_actions_addclose(&actions, ends[1]);
    const std::string number = std::to_string(first);
    std::string program = WRITER_CHILD;
    std::string directory = dir_.path();
    std::string start = number;
    char* arguments[] = {program.data(), directory.data(), start.data(), nullptr};
    pid_t child = 0;
    EXPECT_EQ(::posix_spawn(&child, program.c_str(), &actions, nullptr, arguments, environ), 0);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    std::vector<uint64_t> acknowledged;
    uint64_t one = 0;
    bool killed = false;
    while (::read(ends[0], &one, sizeof(one)) == sizeof(one)) {
      acknowledged.push_back(one);
      if (!killed && acknowledged.size() >= count) {
        ::kill(child, SIGKILL);
        killed = true;
      }
    }
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(killed && WIFSIGNALED(status)) << "the child ended by itself, status " << status;
    return acknowledged;
  }

  void check(const std::set<uint64_t>& acknowledged) {
    StorageOptions options;
    options.data_dir = dir_.path();
    auto storage = Storage::open(options);
    ASSERT_TRUE(storage.ok()) << storage.error().message();
    auto names = (*storage)->list("");
    ASSERT_TRUE(names.ok());
    std::set<std::string> found;
    for (const std::string& name : *names) {
      const bool sealed = name.starts_with("old/");
      auto env = (*storage)->open_env(nullptr, name, {sealed ? kSealedFlag : 0U, TARSIER_DURABILITY_DEFAULT, 0});
      ASSERT_TRUE(env.ok()) << env.error().message();
      const tarsier_storage& api = *storage_service();
      tarsier_snapshot* snapshot = nullptr;
      tarsier_error error = empty_error();
      ASSERT_EQ(api.begin_read(*env, &snapshot, &error), TARSIER_OK) << std::string(error.message, error.message_size);
      tarsier_cursor* cursor = nullptr;
      ASSERT_EQ(api.cursor_open(snapshot, str("t"), &cursor, &error), TARSIER_OK);
      tarsier_bytes key{};
      tarsier_bytes value{};
      tarsier_status status = TARSIER_OK;
      while ((status = api.next(cursor, &key, &value, &error)) == TARSIER_OK) {
        uint64_t number = 0;
        for (const char c : view(key)) number = number << 8U | static_cast<unsigned char>(c);
        ASSERT_EQ(view(value), written_value(number));
        tarsier_bytes second{};
        ASSERT_EQ(api.get(snapshot, str("second"), key, &second, &error), TARSIER_OK) << "half a transaction";
        found.emplace(view(key));
      }
      ASSERT_EQ(status, TARSIER_NOT_FOUND) << std::string(error.message, error.message_size);
      api.close(*env);
    }
    for (const uint64_t number : acknowledged) ASSERT_TRUE(found.contains(written_key(number))) << "lost " << number;
  }

  TempDir dir_;
};

TEST_F(Killed, LosesNothingAcknowledged) {
  const int rounds = std::getenv("TARSIER_LONG") != nullptr ? 500 : 10;
  std::mt19937 random(9);
  std::set<uint64_t> acknowledged;
  for (int round = 0; round < rounds; ++round) {
    const size_t count = 1 + random() % 3000;
    const uint64_t first = static_cast<uint64_t>(round) << 20U;
    for (const uint64_t number : run_child(first, count)) acknowledged.insert(number);
    ASSERT_NO_FATAL_FAILURE(check(acknowledged)) << "round " << round;
    if (round % 20 == 19) {  // keeps the long run from slowing down
      acknowledged.clear();
      for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) std::filesystem::remove_all(entry.path());
    }
  }
}

TEST_F(Killed, RefusesASecondProcessAndNamesTheFirst) {
  StorageOptions options;
  options.data_dir = dir_.path();
  auto storage = Storage::open(options);
  ASSERT_TRUE(storage.ok());
  ::testing::internal::CaptureStderr();
  std::string program = WRITER_CHILD;
  std::string directory = dir_.path();
  std::string start = "0";
  char* arguments[] = {program.data(), directory.data(), start.data(), nullptr};
  pid_t child = 0;
  ASSERT_EQ(::posix_spawn(&child, program.c_str(), nullptr, nullptr, arguments, environ), 0);
  int status = 0;
  ::waitpid(child, &status, 0);
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(WEXITSTATUS(status), 2);
  EXPECT_NE(said.find("in use by process " + std::to_string(::getpid())), std::string::npos) << said;
}

}  // namespace
}  // namespace tarsier::storage::testing

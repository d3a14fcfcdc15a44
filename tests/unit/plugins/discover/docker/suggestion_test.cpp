// What is proposed for a daemon's socket.
#include "plugins/discover/docker/suggestion.hpp"

#include <filesystem>
#include <gmock/gmock.h>

#include "tests/unit/sdk/one_answer.hpp"

namespace tarsier::discover_docker {
namespace {

std::string socket_path() {
  return (std::filesystem::temp_directory_path() / ("tarsier-docker-" + std::to_string(::getpid()))).string();
}

TEST(DockerSuggestion, IsMadeForWhoAnswersAsDocker) {
  const std::string path = socket_path();
  test::OneAnswer daemon("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"ApiVersion\":\"1.41\"}", true, path);
  const auto found = suggest_daemon(path);
  std::filesystem::remove(path);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->title, "containers of the daemon at " + path);
  EXPECT_THAT(found->toml, testing::HasSubstr("host = \"unix://" + path + "\""));
  EXPECT_THAT(found->known_by, testing::ElementsAre("unix://" + path));
}

TEST(DockerSuggestion, IsNotMadeForOthers) {
  const std::string path = socket_path();
  EXPECT_FALSE(suggest_daemon(path)) << "nothing is there";
  test::OneAnswer other("HTTP/1.1 200 OK\r\n\r\nhello", true, path);
  EXPECT_FALSE(suggest_daemon(path));
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace tarsier::discover_docker

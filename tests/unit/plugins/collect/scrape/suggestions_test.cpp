// What is proposed for machines that are told of here.
#include "plugins/collect/scrape/suggestions.hpp"

#include <filesystem>
#include <gmock/gmock.h>
#include <map>

namespace tarsier::scrape {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

/// Pages by address; who has none answers with what is no HTTP.
struct Machine {
  std::map<std::string, std::string> pages;
  std::vector<std::string> asked;
  Surroundings seen;

  std::vector<Suggestion> look() {
    seen.host_name = "box";
    seen.page = [this](const std::string& address, std::chrono::milliseconds) -> Result<ShortAnswer> {
      asked.push_back(address);
      const auto page = pages.find(address);
      if (page == pages.end()) return Error::invalid("what answers does not speak HTTP");
      return ShortAnswer{200, "text/plain; version=0.0.4", page->second};
    };
    std::vector<Suggestion> found;
    suggest_jobs(seen, [&found](const Suggestion& suggestion) { found.push_back(suggestion); });
    return found;
  }
};

TEST(Suggestions, TellAnExporterByItsPageAndNotByItsPort) {
  Machine machine;
  machine.seen.listeners = {{"127.0.0.1:12345", 12345, "any", 7}, {"127.0.0.1:9187", 9187, "imposter", 8}};
  machine.pages["127.0.0.1:12345"] = "# HELP pg_up Whether it is.\n# TYPE pg_up gauge\npg_up 1\n";
  machine.pages["127.0.0.1:9187"] = "# TYPE app_up gauge\napp_up 1\n";
  const auto found = machine.look();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(machine.asked.front(), "127.0.0.1:9187") << "the usual ports come first";
  EXPECT_EQ(found[0].title, "metrics at 127.0.0.1:9187");
  EXPECT_THAT(found[0].toml, HasSubstr("job_name = \"imposter\""));
  EXPECT_EQ(found[1].title, "PostgreSQL exporter at 127.0.0.1:12345");
  EXPECT_EQ(found[1].why, "the page of any (process 7) has pg_up");
  EXPECT_EQ(found[1].toml,
            "[[plugin.scrape.job]]\njob_name = \"postgres\"\nstatic_configs = [{ targets = [\"127.0.0.1:12345\"] }]\n");
  EXPECT_THAT(found[1].known_by, AllOf(Contains("localhost:12345"), Contains("box:12345"), Contains("[::1]:12345")));
}

TEST(Suggestions, NameThePackageForAProgramWithoutAnExporter) {
  Machine machine;
  machine.seen.listeners = {{"127.0.0.1:7000", 7000, "redis-server", 7}, {"/run/postgresql/.s.PGSQL.5432", 0, "postgres", 8}};
  machine.seen.processes = {{9, "nginx"}};
  const auto found = machine.look();
  EXPECT_THAT(machine.asked, IsEmpty()) << "these speak another protocol";
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].title, "PostgreSQL at /run/postgresql/.s.PGSQL.5432");
  EXPECT_EQ(found[1].title, "Redis at 127.0.0.1:7000");
  EXPECT_EQ(found[1].why, "redis-server (process 7) listens there, and no exporter of it answers");
  EXPECT_THAT(found[1].note, HasSubstr("apt install prometheus-redis-exporter"));
  EXPECT_THAT(found[1].toml, HasSubstr("targets = [\"127.0.0.1:9121\"]"));
  EXPECT_EQ(found[2].title, "nginx");
  EXPECT_EQ(found[2].why, "nginx (process 9) runs, and no exporter of it answers");
}

TEST(Suggestions, LeaveAProgramAloneWhoseExporterAnswers) {
  Machine machine;
  machine.seen.listeners = {{"127.0.0.1:6379", 6379, "redis-server", 7}, {"127.0.0.1:9121", 9121, "", 0}};
  machine.pages["127.0.0.1:9121"] = "# TYPE redis_up gauge\nredis_up 1\n";
  const auto found = machine.look();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].title, "Redis exporter at 127.0.0.1:9121");
  EXPECT_EQ(found[0].why, "the page of a program of another user has redis_up");
}

TEST(Suggestions, KnowAProgramOfAnotherUserByItsPort) {
  Machine machine;
  machine.seen.listeners = {{"127.0.0.1:5432", 5432, "", 0}, {"127.0.0.1:3306", 3306, "my-own-thing", 3}};
  const auto found = machine.look();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].title, "PostgreSQL at 127.0.0.1:5432");
}

TEST(Suggestions, GiveEachJobANameOfItsOwn) {
  Machine machine;
  machine.seen.listeners = {
      {"127.0.0.1:8001", 8001, "my \"app\"", 1}, {"127.0.0.1:8002", 8002, "my \"app\"", 2}, {"[::1]:8002", 8002, "my \"app\"", 2}};
  for (const char* address : {"127.0.0.1:8001", "127.0.0.1:8002", "[::1]:8002"}) machine.pages[address] = "# TYPE a gauge\na 1\n";
  const auto found = machine.look();
  ASSERT_EQ(found.size(), 2U) << "a port is one program";
  EXPECT_THAT(found[0].toml, HasSubstr("job_name = \"my--app-\""));
  EXPECT_THAT(found[1].toml, HasSubstr("job_name = \"my--app--8002\""));
}

TEST(Suggestions, ProposeNeitherThisHostNorWhatShowsNoMetrics) {
  Machine machine;
  machine.seen.listeners = {{"127.0.0.1:3001", 3001, "", 0}, {"127.0.0.1:80", 80, "web", 4}};
  machine.pages["127.0.0.1:3001"] = "# TYPE tarsier_plugin_state gauge\ntarsier_plugin_state 1\n";
  machine.pages["127.0.0.1:80"] = "<html># TYPE a gauge</html>";
  EXPECT_THAT(machine.look(), IsEmpty());
}

TEST(Suggestions, EndWhenTheTimeIsUp) {
  Machine machine;
  machine.seen.listeners = {{"127.0.0.1:9187", 9187, "", 0}, {"127.0.0.1:6379", 6379, "redis-server", 1}};
  machine.seen.may_go_on = [] { return false; };
  const auto found = machine.look();
  EXPECT_THAT(machine.asked, IsEmpty());
  EXPECT_THAT(found, ElementsAre(Field(&Suggestion::title, "Redis at 127.0.0.1:6379"))) << "what is known without asking";
}

TEST(Suggestions, CountContainersByTheirControlGroups) {
  const auto root = std::filesystem::temp_directory_path() / ("tarsier-cgroups-" + std::to_string(::getpid()));
  const std::string id(64, 'a');
  const std::vector<std::string> groups = {
      "system.slice/docker-" + id + ".scope", "system.slice/ssh.service", "machine.slice/libpod-" + id + ".scope",
      "kubepods.slice/kubepods-pod1.slice/cri-containerd-" + id + ".scope/inner", "docker/" + id};
  for (const std::string& path : groups) std::filesystem::create_directories(root / path);
  EXPECT_EQ(count_containers(root.string()), 4U);
  EXPECT_EQ(count_containers((root / "absent").string()), 0U);
  std::filesystem::remove_all(root);
}

}  // namespace
}  // namespace tarsier::scrape

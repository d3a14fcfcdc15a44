#include "core/config/load.hpp"

#include "config_fixture.hpp"
#include "core/config/aliases.hpp"

namespace tarsier::config {
namespace {

class Load : public ConfigTest {};

TEST_F(Load, ReadsTheFileThatComesWithTheProgram) {
  const Loaded loaded = load({DEFAULT_CONFIG, {}});
  EXPECT_EQ(to_text(loaded.findings), "");
  EXPECT_NE(loaded.root.at_path("plugin.node"), nullptr);
}

TEST_F(Load, SaysWhatToDoWithoutAFile) {
  const std::vector<std::string> candidates = {path("a.toml"), path("b.toml")};
  const auto found = find_config_file(candidates);
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().message(), "there is no configuration file (looked for " + path("a.toml") + ", " + path("b.toml") +
                                         "): name one with -c FILE, or begin with the tarsier.toml that comes with the program");
  write("b.toml", "");
  EXPECT_EQ(*find_config_file(candidates), path("b.toml"));
  EXPECT_EQ(messages(load_main().findings), "tarsier.toml: cannot be opened: No such file or directory\n");
}

TEST_F(Load, NamesThePlaceOfASyntaxError) {
  write("tarsier.toml", "[host]\ndata_dir = data\n");
  const Loaded loaded = load_main();
  ASSERT_EQ(loaded.findings.size(), 1U);
  EXPECT_EQ(loaded.findings[0].line, 2U);
  EXPECT_THAT(messages(loaded.findings), ::testing::StartsWith("tarsier.toml:2:12: not valid TOML: "));
}

TEST_F(Load, KeepsTheOrderOfTheFileAndTheDirectory) {
  write("tarsier.toml", "[plugin.z]\nb = 1\na = 2\n[plugin.a]\n");
  const Loaded loaded = load_main();
  const Node& plugins = *loaded.root.find("plugin");
  EXPECT_EQ(plugins.children.at(0).key, "z");
  EXPECT_EQ(plugins.children.at(0).children.at(0).key, "b");
  EXPECT_EQ(plugins.children.at(1).key, "a");
  EXPECT_EQ(plugins.position.source->directory, directory_.string());
}

TEST_F(Load, AddsDropInFilesInTheOrderOfTheirNames) {
  write("tarsier.toml", "[host]\ninclude = [\"conf.d/*.toml\", \"conf.d/1*.toml\"]\n[[plugin.scrape.job]]\njob_name = \"a\"\n");
  write("conf.d/20-b.toml", "[[plugin.scrape.job]]\njob_name = \"c\"\n");
  write("conf.d/10-a.toml", "[[plugin.scrape.job]]\njob_name = \"b\"\n[plugin.webhook]\nurl = \"x\"\n");
  write("conf.d/note.txt", "not TOML\n");
  std::filesystem::create_directories(directory_ / "conf.d/directory.toml");
  const Loaded loaded = load_main();
  EXPECT_EQ(messages(loaded.findings), "");
  EXPECT_EQ(loaded.files, (std::vector<std::string>{path("tarsier.toml"), path("conf.d/10-a.toml"), path("conf.d/20-b.toml")}));
  EXPECT_EQ(loaded.include_directories, std::vector<std::string>{path("conf.d")});
  const Node& jobs = *loaded.root.at_path("plugin.scrape.job");
  ASSERT_EQ(jobs.children.size(), 3U);
  EXPECT_EQ(jobs.children[2].find("job_name")->text, "c");
  EXPECT_EQ(jobs.children[2].find("job_name")->path, "plugin.scrape.job[2].job_name");
  EXPECT_EQ(loaded.root.at_path("plugin.webhook.url")->position.source->directory, path("conf.d"));
}

TEST_F(Load, NamesBothPlacesOfAKeyThatIsSetTwice) {
  write("tarsier.toml", "[host]\ninclude = [\"conf.d/*.toml\"]\n[plugin.node]\ninterval = \"15s\"\n");
  write("conf.d/node.toml", "[plugin.node]\nextra = 1\ninterval = \"30s\"\n");
  EXPECT_EQ(messages(load_main().findings), "conf.d/node.toml:3:1: plugin.node.interval: is already set at tarsier.toml:4:1\n");
}

TEST_F(Load, LetsOnlyTheMainFileInclude) {
  write("tarsier.toml", "[host]\ninclude = [\"conf.d/*.toml\"]\n");
  write("conf.d/a.toml", "[host]\ninclude = [\"more/*.toml\"]\n");
  EXPECT_EQ(messages(load_main().findings), "conf.d/a.toml:2:1: host.include: only the main file may include others\n");
}

TEST_F(Load, RefusesHostileFiles) {
  std::string dotted = "a";
  for (int i = 0; i < 200000; ++i) dotted += ".a";
  write("tarsier.toml", "\n" + dotted + " = 1\n");
  EXPECT_EQ(messages(load_main().findings), "tarsier.toml:2:1: nested deeper than 64 levels\n");
  write("tarsier.toml", "a = " + std::string(100000, '['));
  EXPECT_EQ(messages(load_main().findings), "tarsier.toml:1:1: nested deeper than 64 levels\n");
  write("tarsier.toml", "a = " + std::string(70, '[') + std::string(70, ']') + "\n");
  EXPECT_THAT(messages(load_main().findings), ::testing::HasSubstr("nested deeper than 64 levels"));
  write("tarsier.toml", "# " + std::string((16 << 20), 'x'));
  EXPECT_EQ(messages(load_main().findings), "tarsier.toml: is larger than 16777216 bytes\n");
  EXPECT_EQ(to_text(load({directory_.string(), {}}).findings), directory_.string() + ": is not a regular file\n");
}

TEST_F(Load, DoesNotTakeStringsAndCommentsForNesting) {
  const std::string dots(500, '.');
  write("tarsier.toml",
        "a = \"" + dots + "\" # " + dots + "\nb = '''\n" + dots + "''''\nc = \"\"\"\\\"" + dots + "\"\"\"\nd = 1.5\n");
  EXPECT_EQ(messages(load_main().findings), "");
}

TEST_F(Load, TurnsDatesIntoText) {
  write("tarsier.toml", "when = 2026-11-24T10:00:00Z\n");
  EXPECT_EQ(load_main().root.find("when")->text, "2026-11-24T10:00:00Z");
}

TEST_F(Load, MergesASectionUnderAFormerId) {
  write("tarsier.toml",
        "[plugin.net]\nworkers = 1\n[plugin.net.entrypoint.main]\naddress = \"old\"\n[plugin.web]\nuse = \"http\"\n");
  Loaded loaded = load_main({"plugin.http.entrypoint.main.address=127.0.0.1:19090"});
  normalize_aliases(loaded.root, {{"http", "net"}}, loaded.findings);
  EXPECT_EQ(messages(loaded.findings), "");
  EXPECT_EQ(loaded.root.at_path("plugin.http"), nullptr);
  EXPECT_EQ(loaded.root.at_path("plugin.net.entrypoint.main.address")->text, "127.0.0.1:19090");
  EXPECT_EQ(loaded.root.at_path("plugin.net.entrypoint.main.address")->path, "plugin.net.entrypoint.main.address");
  EXPECT_EQ(loaded.root.at_path("plugin.net.workers")->integer, 1);
  EXPECT_EQ(loaded.root.at_path("plugin.web.use")->text, "net");
}

TEST_F(Load, KeepsAnInstanceThatOnlyHasAFormerIdAsItsName) {
  write("tarsier.toml", "[plugin.http]\nuse = \"other\"\n");
  Loaded loaded = load_main();
  normalize_aliases(loaded.root, {{"http", "net"}}, loaded.findings);
  EXPECT_NE(loaded.root.at_path("plugin.http"), nullptr);
}

}  // namespace
}  // namespace tarsier::config

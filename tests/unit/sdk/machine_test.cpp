// Who listens, read from a /proc that is made here.
#include "tarsier/machine.hpp"

#include <filesystem>
#include <gmock/gmock.h>

namespace tarsier::machine {
namespace {

namespace fs = std::filesystem;

class Machine : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "tarsier-machine-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    proc_ = pattern;
    fs::create_directories(proc_ / "net");
  }
  void TearDown() override { fs::remove_all(proc_); }

  void write(const fs::path& path, const std::string& text) {
    fs::create_directories((proc_ / path).parent_path());
    std::ofstream(proc_ / path, std::ios::binary) << text;
  }
  void process(int id, const std::string& comm, const std::string& command_line, const std::vector<std::string>& sockets) {
    const fs::path folder = std::to_string(id);
    write(folder / "comm", comm + "\n");
    write(folder / "cmdline", command_line);
    fs::create_directories(proc_ / folder / "fd");
    int fd = 3;
    for (const std::string& inode : sockets)
      fs::create_symlink("socket:[" + inode + "]", proc_ / folder / "fd" / std::to_string(fd++));
  }
  std::vector<std::string> seen() const {
    std::vector<std::string> out;
    for (const Listener& each : listeners(proc_.string()))
      out.push_back(each.address + " " + std::to_string(each.port) + " " + each.program + " " + std::to_string(each.process));
    return out;
  }
  /// A line as the kernel writes it.
  static std::string tcp(const std::string& local, const std::string& state, const std::string& inode) {
    return "   0: " + local + " 00000000:0000 " + state + " 00000000:00000000 00:00000000 00000000     0        0 " + inode +
           " 1 0000 100 0 0 10 0\n";
  }

  fs::path proc_;
};

TEST_F(Machine, ListsWhoListensWithTheNameOfTheProgram) {
  write("net/tcp", "  sl  local_address rem_address st\n" + tcp("0100007F:1538", "0A", "11") + tcp("00000000:23F0", "0A", "12") +
                       tcp("0500000A:0050", "0A", "13") + tcp("0100007F:9999", "01", "14"));
  write("net/tcp6", "  sl  local_address remote_address st\n" + tcp("00000000000000000000000001000000:1538", "0A", "15") +
                        tcp("00000000000000000000000000000000:23F0", "0A", "16"));
  write("net/unix",
        "Num RefCount Protocol Flags Type St Inode Path\n"
        "0000: 00000002 00000000 00010000 0001 01 17 /run/docker.sock\n"
        "0000: 00000002 00000000 00010000 0001 01 18 @abstract\n"
        "0000: 00000003 00000000 00000000 0001 03 19 /run/connected.sock\n");
  process(812, "postgres", std::string("/usr/lib/postgresql/15/bin/postgres\0-D\0", 39), {"11", "15"});
  process(900, "prometheus-node", std::string("/usr/bin/prometheus-node-exporter\0", 34), {"12", "16"});
  process(7, "dockerd", "", {"17"});
  process(40, "nginx", "nginx: master process /usr/sbin/nginx", {"13"});
  process(41, "nginx", "nginx: worker process", {"13"});
  EXPECT_THAT(seen(),
              testing::ElementsAre("127.0.0.1:5432 5432 postgres 812", "127.0.0.1:9200 9200 prometheus-node-exporter 900",
                                   "10.0.0.5:80 80 nginx 40", "[::1]:5432 5432 postgres 812", "/run/docker.sock 0 dockerd 7"));
}

TEST_F(Machine, LeavesNamesOutThatMayNotBeSeen) {
  write("net/tcp", "head\n" + tcp("0100007F:18EB", "0A", "11"));
  EXPECT_THAT(seen(), testing::ElementsAre("127.0.0.1:6379 6379  0"));
}

TEST_F(Machine, TakesAnythingInThePlaceOfTheTables) {
  write("net/tcp", "head\nnonsense\n" + tcp("zz:1", "0A", "1") + tcp("0100007F", "0A", "1") + tcp("0100007F:XY", "0A", "1"));
  write("net/tcp6", std::string(100, '\0'));
  EXPECT_THAT(seen(), testing::IsEmpty());
  EXPECT_THAT(listeners((proc_ / "absent").string()), testing::IsEmpty());
}

TEST_F(Machine, NamesProcessesWhoeverOwnsThem) {
  write("12/comm", "nginx\n");
  write("3/comm", "sshd\n");
  write("self/comm", "me\n");
  const auto all = processes(proc_.string());
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].program, "sshd");
  EXPECT_EQ(all[1].id, 12);
}

}  // namespace
}  // namespace tarsier::machine

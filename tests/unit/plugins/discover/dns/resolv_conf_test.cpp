// Which names are asked for.
#include "plugins/discover/dns/resolv_conf.hpp"

#include <gtest/gtest.h>

namespace tarsier::discover_dns {
namespace {

using Names = std::vector<std::string>;

TEST(ResolvConf, ReadsWhatMatters) {
  const auto conf = ResolvConf::parse(
      "# a comment\nnameserver 127.0.0.1\nnameserver [::1]:5353\nsearch old.example\n  search a.example  b.example. # "
      "both\noptions rotate ndots:2 "
      "timeout:1\n");
  EXPECT_EQ(conf.search, (Names{"a.example.", "b.example."}));
  EXPECT_EQ(conf.servers, (Names{"127.0.0.1", "[::1]:5353"}));
  EXPECT_EQ(conf.ndots, 2U);
  EXPECT_EQ(ResolvConf::parse("domain c.example\n").search, (Names{"c.example."}));
  EXPECT_EQ(ResolvConf::parse("options ndots:99\n").ndots, 15U);
  EXPECT_EQ(ResolvConf::parse("options ndots:x ndots:\n").ndots, 1U);
  EXPECT_EQ(ResolvConf::parse("").search, Names{});
  EXPECT_FALSE(ResolvConf::read("/no/such/file").ok());
}

TEST(ResolvConf, SearchDomainsAreTriedInOrder) {
  ResolvConf conf = ResolvConf::parse("search a.example b.example\noptions ndots:2");
  EXPECT_EQ(conf.candidates("db"), (Names{"db.a.example.", "db.b.example.", "db."}));
  EXPECT_EQ(conf.candidates("db.x"), (Names{"db.x.a.example.", "db.x.b.example.", "db.x."}));
  EXPECT_EQ(conf.candidates("db.x.y"), (Names{"db.x.y.", "db.x.y.a.example.", "db.x.y.b.example."}));
  EXPECT_EQ(conf.candidates("db."), (Names{"db."}));
  EXPECT_EQ(ResolvConf::parse("search .").candidates("db"), (Names{"db.", "db."}));
}

}  // namespace
}  // namespace tarsier::discover_dns

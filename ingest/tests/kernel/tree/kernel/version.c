const char linux_banner[] = "Linux version 6.1.0-tree (me@here) #1 SMP\n";

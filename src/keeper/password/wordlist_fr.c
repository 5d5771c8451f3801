#include "keeper/password/strength.h"

#include "base/err.h"

/*
 * Words that French passwords are made of: keyboard rows (AZERTY), greetings, endearments, first names, animals,
 * months, towns, clubs. In lower case without accents, as zxcvbn compares them.
 */
/* clang-format off */
const char *const wordlist_fr[] = {
	"azerty", "motdepasse", "azertyuiop", "bonjour", "soleil", "doudou", "loulou", "chouchou", "marseille", "nicolas",
	"camille", "coucou", "jetaime", "chocolat", "doudoune", "amour", "princesse", "julien", "thomas", "pierre",
	"alexandre", "antoine", "olivier", "isabelle", "nathalie", "mathieu", "vincent", "guillaume", "sebastien", "celine",
	"caroline", "stephane", "laurent", "maxime", "romain", "benjamin", "sandrine", "frederic", "christophe", "valerie",
	"philippe", "patrick", "bernard", "dominique", "martine", "francoise", "catherine", "monique", "chantal", "jacques",
	"michel", "marine", "manon", "chloe", "lucas", "hugo", "theo", "enzo", "mathis", "clement", "oceane", "pauline",
	"laura", "sarah", "emilie", "aurelie", "melanie", "virginie", "veronique", "delphine", "florence", "elodie",
	"motdepass", "mdp", "passe", "secret", "secrete", "bienvenue", "bonsoir", "salut", "merci", "toutou", "minou",
	"minette", "chaton", "chat", "chien", "cheval", "poisson", "oiseau", "papillon", "lapin", "souris", "tigre", "lion",
	"dauphin", "licorne", "tortue", "canard", "nounours", "titi", "toto", "tata", "tintin", "asterix", "obelix",
	"maman", "papa", "mamie", "papy", "bebe", "cherie", "cheri", "moncoeur", "coeur", "monamour", "amoureux", "bisous",
	"bisou", "calin", "toujours", "liberte", "egalite", "fraternite", "france", "francais", "paris", "lyon",
	"toulouse", "bordeaux", "nantes", "lille", "strasbourg", "montpellier", "rennes", "grenoble", "nice", "bretagne",
	"corse", "alsace", "provence", "normandie", "belgique", "bruxelles", "suisse", "geneve", "quebec", "montreal",
	"montagne", "plage", "vacances", "voyage", "voiture", "moto", "maison", "jardin", "fleur", "rose", "marguerite",
	"etoile", "lune", "ciel", "ange", "demon", "diable", "dragon", "sorciere", "fantome", "vampire", "loup",
	"football", "rugby", "olympique", "psg", "allezlom", "zidane", "ronaldo", "mbappe", "platini", "cantona",
	"janvier", "fevrier", "mars", "avril", "mai", "juin", "juillet", "aout", "septembre", "octobre", "novembre",
	"decembre", "printemps", "ete", "automne", "hiver", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi",
	"dimanche", "noel", "anniversaire", "bonheur", "paradis", "musique", "guitare", "piano", "cinema", "fromage",
	"croissant", "baguette", "champagne", "pastis", "ricard", "fraise", "cerise", "vanille", "caramel", "nutella",
	"qsdfgh", "qsdfghjklm", "wxcvbn", "azeqsd", "aqwzsx", "azerty123", "azertyu", "poiuytreza", "mlkjhgfdsq",
	"administrateur", "utilisateur", "ordinateur", "internet", "connexion", "entrer", "ouvre", "ouvretoi", "sesame",
	"changeme", "changezmoi", "provisoire", "temporaire", "defaut", "invite", "essai", "teste", "tester", NULL,
};
/* clang-format on */
const unsigned wordlist_fr_count = COUNT(wordlist_fr) - 1;
